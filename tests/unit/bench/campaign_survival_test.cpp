// SPDX-License-Identifier: Apache-2.0
// What may happen to a bench while it measures: it says so, ends cleanly, and loses nothing.
#include "bench/campaign/hook_command.h"
#include "bench/campaign/run_journal.h"
#include "bench/campaign/soak.h"
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>

using namespace std::chrono_literals;
using tests::ArrayProcess;
using tests::CampaignPlan;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

constexpr const char* load = R"(, "ramp": "20ms", "interval": "50ms", "verify": "full",
    "load_points": ["200/s"])";

std::string real_array(const ScratchFolder& folder, const ArrayProcess& array, const char* more) {
    const std::string path = folder.path() + "/real.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" +
            array.urls().at(0) + R"("], "unique_id": ")" + ArrayProcess::unique_id + "\"" + more +
            "}}");
    return path;
}

int verified(const std::string& run, const ScratchFolder& folder) {
    ProgramRun verify({"verify", run}, folder.path());
    return verify.wait();
}

// Interrupts a run where the journal says so; it ends with 6, its folder adds up, and it goes on.
void interrupt_at(const std::string& note, const std::string& keys) {
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    const CampaignPlan plan{{tests::plain_array()}, {"mixed-70-30"}, load + keys};
    ProgramRun program({"run", plan.write(folder.path()), "--out", run}, folder.path());
    REQUIRE(tests::await_note(run, note));
    std::this_thread::sleep_for(100ms); // Well into it.
    program.signal(SIGINT);
    CHECK(program.wait() == 6);
    CHECK(verified(run, folder) == 6);
    ProgramRun again({"run", "--resume", run}, folder.path());
    REQUIRE(tests::await_note(run, "run resumed"));
    again.signal(SIGINT); // That it goes on is seen; the rest takes long.
    CHECK(again.wait() == 6);
    CHECK(verified(run, folder) == 6);
}

std::vector<results::JournalEntry> entries_of(const std::string& run, const std::string& kind) {
    std::vector<results::JournalEntry> out;
    for (auto& entry : results::read_journal(run + "/events.ndjson").entries) {
        if (entry.kind == kind) {
            out.push_back(std::move(entry));
        }
    }
    return out;
}

} // namespace

TEST_CASE("SIGINT ends a preconditioning and a read-back cleanly, and the run goes on",
          "[campaign][survival]") {
    interrupt_at("cleared for writing",
                 R"(, "rounds": 2, "working_set": "8GiB", "duration": "100ms",
                    "preconditioning": {"passes": 4, "time_limit": "10min"})");
    interrupt_at(R"(phase)",
                 R"(, "rounds": 2, "working_set": "8GiB", "phases": [
                    {"phase": "load", "duration": "50ms"},
                    {"phase": "verify", "duration": "10min"}])");
}

TEST_CASE("an array that is gone for good ends the run with exit 3 and keeps what was measured",
          "[campaign][survival]") {
    ArrayProcess array;
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    const CampaignPlan plan{{real_array(folder, array, "")},
                            {"mixed-70-30"},
                            load + std::string(R"(, "rounds": 50, "working_set": "8MiB",
                                "duration": "300ms")")};
    ProgramRun program(
        {"run", plan.write(folder.path()), "--out", run, "--destroy", ArrayProcess::unique_id},
        folder.path());
    REQUIRE(tests::await_rounds(run, 2));
    array.signal(SIGKILL);
    CHECK(program.wait() == 3);
    CHECK_THAT(program.err(), Catch::Contains("array lost"));
    CHECK(entries_of(run, "round finished").size() >= 2);
    CHECK(entries_of(run, "run ended").size() == 1);
    CHECK(verified(run, folder) == 6);
}

TEST_CASE("a controller that stays away leaves accesses unfinished, over either transport",
          "[campaign][survival]") {
    const std::string transport = GENERATE("iscsi", "nvme_tcp");
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    const CampaignPlan plan{{tests::source_dir() + "/profiles/arrays/flasharray-class.json"},
                            {"mixed-70-30"},
                            load + std::string(R"(, "rounds": 1, "working_set": "8MiB", "phases": [
                                {"phase": "load", "duration": "300ms"},
                                {"phase": "disturb", "duration": "700ms", "disturbance":
                                 {"name": "failover", "parameters": {"controller": 0}}}])"),
                            R"(, "transport": ")" + transport + "\""};
    ProgramRun program({"run", plan.write(folder.path()), "--out", run}, folder.path());
    const int code = program.wait();
    INFO(program.out() << program.err());
    CHECK((code == 0 || code == 7));
    const auto rounds = results::read_rounds(run);
    REQUIRE(rounds.size() == 1);
    CHECK(rounds[0].ended == "complete");
    CHECK(rounds[0].streams.at(0).errors.at("unfinished") > 0);
    CHECK(verified(run, folder) == 0);
}

TEST_CASE("a bench that was stopped notices, marks the interval and makes up for the round",
          "[campaign][survival]") {
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    const CampaignPlan plan{{tests::plain_array()},
                            {"mixed-70-30"},
                            load + std::string(R"(, "rounds": 1, "spare_rounds": 1,
                                "working_set": "8MiB", "duration": "3s")")};
    ProgramRun program({"run", plan.write(folder.path()), "--out", run}, folder.path());
    REQUIRE(tests::await_note(run, "round started"));
    std::this_thread::sleep_for(1s); // Into the measured window.
    program.signal(SIGSTOP);
    std::this_thread::sleep_for(600ms);
    program.signal(SIGCONT);
    const int code = program.wait();
    INFO(program.out() << program.err());
    CHECK((code == 0 || code == 7));
    const auto rounds = results::read_rounds(run);
    REQUIRE(rounds.size() == 2);
    CHECK_THAT(program.out(), Catch::Contains("spare rounds made up for them"));
    std::size_t marked = 0;
    for (const auto& interval : rounds[0].intervals) {
        marked += interval.invalid.find("did not run for") != std::string::npos ? 1U : 0U;
    }
    CHECK(marked >= 1);
    CHECK_FALSE(rounds[0].audit.invalid.empty()); // What fell due meanwhile went out too late.
    CHECK(rounds[0].findings.empty());
    CHECK(rounds[1].block == 1);
    CHECK(verified(run, folder) == 0);
}

TEST_CASE("a step between the calendar and the steady clock stands in the journal",
          "[campaign][survival]") {
    // A clock that stands still while the calendar goes on: the difference moves by 1 s a second.
    const ScratchFolder folder;
    const std::string path = folder.path() + "/events.ndjson";
    tests::ManualClock clock;
    {
        const bench::campaign::RunJournal journal(path, clock);
        for (int look = 0; look < 500; ++look) {
            if (results::read_whole_file(path).find("clock step") != std::string::npos) {
                break;
            }
            std::this_thread::sleep_for(20ms);
        }
    }
    bool found = false;
    for (const auto& entry : results::read_journal(path).entries) {
        if (entry.kind == "clock step") {
            found = true;
            CHECK(std::stoll(entry.fields.at("by_ns")) > 50'000'000);
        }
    }
    CHECK(found);
}

TEST_CASE("a hook is given none of the secrets that the bench was given", "[campaign][survival]") {
    const ScratchFolder folder;
    const std::string file = folder.path() + "/environment";
    const std::atomic<bool> stop{false};
    ::setenv("ARRAYBENCH_CHAP_SECRET", "do-not-tell-anybody", 1);       // NOLINT: one thread here.
    ::setenv("ARRAYBENCH_HOOK_NAME_OF_SWITCH", "left", 1);              // NOLINT
    ::setenv("AWS_SECRET_ACCESS_KEY", "do-not-tell-anybody-either", 1); // NOLINT
    (void)bench::campaign::run_hook({"/bin/sh", "-c", "env > " + file}, 10s, stop);
    ::unsetenv("ARRAYBENCH_CHAP_SECRET");         // NOLINT
    ::unsetenv("ARRAYBENCH_HOOK_NAME_OF_SWITCH"); // NOLINT
    ::unsetenv("AWS_SECRET_ACCESS_KEY");          // NOLINT
    const std::string told = results::read_whole_file(file);
    CHECK_THAT(told, Catch::Contains("PATH=") && Catch::Contains("NAME_OF_SWITCH=left"));
    CHECK_THAT(told, !Catch::Contains("do-not-tell"));
}

TEST_CASE("hooks disturb a real array in time, are journalled, and stand in the report",
          "[campaign][survival]") {
    const ArrayProcess array;
    const auto plan_with = [&](const ScratchFolder& folder, const char* hook, const char* name) {
        const CampaignPlan plan{
            {real_array(folder, array, hook)},
            {"mixed-70-30"},
            load + std::string(R"(, "rounds": 1, "working_set": "8MiB", "phases": [
                {"phase": "load", "duration": "300ms"}, {"phase": "disturb", "duration": "700ms",
                 "disturbance": {"name": ")") +
                name + R"(", "time_limit": "400ms"}}, {"phase": "settle", "duration": "300ms"}])"};
        return plan.write(folder.path());
    };
    const auto run_with = [&](const ScratchFolder& folder, const char* hook, const char* name) {
        return std::make_unique<ProgramRun>(std::vector<std::string>{"run",
                                                                     plan_with(folder, hook, name),
                                                                     "--out",
                                                                     folder.path() + "/run",
                                                                     "--destroy",
                                                                     ArrayProcess::unique_id},
                                            folder.path());
    };
    const ScratchFolder good;
    const auto pulled = run_with(
        good,
        R"(, "hooks": {"failover": {"command": ["/bin/sh", "-c", "echo controller B is out"],
           "time_limit": "5s"}})",
        "failover");
    const int code = pulled->wait();
    INFO(pulled->err());
    CHECK((code == 0 || code == 7));
    const auto rounds = results::read_rounds(good.path() + "/run");
    REQUIRE(rounds.size() == 1);
    REQUIRE(rounds[0].disturbances.size() == 1);
    CHECK_THAT(rounds[0].disturbances[0].note, Catch::Contains("controller B is out"));
    CHECK(rounds[0].disturbances[0].lost == 0);
    CHECK(entries_of(good.path() + "/run", "disturbance begins").size() == 1);
    CHECK(entries_of(good.path() + "/run", "disturbance done").size() == 1);
    const std::string report = results::read_whole_file(good.path() + "/run/report.html");
    CHECK_THAT(report, Catch::Contains("controller B is out"));
    CHECK_THAT(report, Catch::Contains("failover"));
    CHECK_THAT(report, Catch::Contains("clock step of 3 s")); // The self-test of this build.

    const ScratchFolder hanging;
    const auto hung = run_with(hanging,
                               R"(, "hooks": {"pull": {"command": ["/bin/sleep", "600"],
                                  "time_limit": "5s"}})",
                               "pull");
    CHECK(hung->wait() == 3);
    CHECK_THAT(hung->err(), Catch::Contains("took too long"));

    const ScratchFolder asked; // Nobody sits at the tests' standard input.
    const auto prompt =
        run_with(asked, R"(, "prompts": {"pull": "Pull controller B now"})", "pull");
    CHECK(prompt->wait() == 5);
    CHECK_THAT(prompt->err(), Catch::Contains("no terminal"));
}

TEST_CASE("faults through real sockets are found, each under its name", "[self-test][live]") {
    const ScratchFolder folder;
    ProgramRun program({"self-test", "--live", "brief", "--egress", "none"}, folder.path());
    const int code = program.wait();
    INFO(program.out() << program.err());
    CHECK(code == 0);
    CHECK_THAT(program.out(), Catch::Contains("iscsi: acknowledged_then_lost"));
}

TEST_CASE("a soak shows no growth, and would show one", "[survival][soak]") {
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1); // Freed memory is not growth.
    const ScratchFolder folder;
    ProgramRun program({"self-test", "--soak", "12s"}, folder.path());
    const int code = program.wait();
    ::unsetenv("ASAN_OPTIONS");
    INFO(program.out() << program.err());
    CHECK(code == 0);
    bench::campaign::SoakCurve curve{"one", {}};
    for (std::uint64_t i = 0; i < 100; ++i) {
        curve.rss_bytes.push_back((100 + i / 4) << 20U);
    }
    CHECK(curve.grows());
    std::fill(curve.rss_bytes.begin(), curve.rss_bytes.begin() + 60, 100U << 20U);
    std::fill(curve.rss_bytes.begin() + 60, curve.rss_bytes.end(), 108U << 20U);
    CHECK_FALSE(curve.grows()); // Once, as an allocator does that keeps what it was given back.
    std::fill(curve.rss_bytes.begin() + 20, curve.rss_bytes.end(), 100U << 20U);
    CHECK_FALSE(curve.grows());
}
