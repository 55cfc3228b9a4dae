// SPDX-License-Identifier: Apache-2.0
// Whole campaigns of the built program over emulated arrays, kept short: what is checked is what
// the program does, never how fast.
#include "results/journal_file.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

namespace fs = std::filesystem;
using tests::ProgramRun;
using namespace std::chrono_literals;

namespace {

// Two plain arrays, a workload, and whatever else the plan is to say.
std::string write_plan(const std::string& folder,
                       const std::string& more,
                       const std::string& type = "compare") {
    const std::string profiles = tests::source_dir() + "/profiles";
    const std::string array = R"("file": ")" + profiles + R"(/arrays/plain.json"})";
    const std::string path = folder + "/plan.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/plan/1", "type": ")" + type +
            R"(", "seed": 7, "arrays": [{"name": "a", )" + array + R"(, {"name": "b", )" + array +
            R"(], "workloads": [{"file": ")" + profiles +
            R"(/workloads/mixed-70-30.json"}], "working_set": "8MiB", "ramp": "20ms",
            "interval": "50ms", "verify": "full")" +
            more + "}");
    return path;
}

const std::string short_rounds = R"(, "load_points": ["200/s"], "rounds": 2, "duration": "100ms")";
const std::string many_rounds = R"(, "load_points": ["200/s"], "rounds": 30, "duration": "100ms")";

std::string new_run(const tests::ScratchFolder& folder) {
    return folder.path() + "/run";
}

std::map<std::string, int> kinds_of(const std::string& run) {
    std::map<std::string, int> out;
    for (const auto& entry : results::read_journal(run + "/events.ndjson").entries) {
        ++out[entry.kind];
    }
    return out;
}

int verified(const std::string& run, const std::string& folder) {
    ProgramRun verify({"verify", run}, folder);
    const int code = verify.wait();
    INFO(verify.out());
    return code;
}

} // namespace

TEST_CASE("a whole run leaves a folder that verifies, and no block is wrong", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = new_run(folder);
    ProgramRun program(
        {"run", write_plan(folder.path(), short_rounds), "--out", run, "--format", "json"},
        folder.path());
    const int code = program.wait();
    INFO(program.err());
    CHECK((code == 0 || code == 7)); // 7: a host too busy to measure on.
    const results::RunRecord record = results::result_from_text(program.out(), "stdout");
    CHECK(record.complete);
    CHECK(record.arrays.size() == 2);
    CHECK(record.arrays[0].emulated);
    const auto rounds = results::read_rounds(run);
    REQUIRE(rounds.size() == 4);
    for (const auto& round : rounds) {
        CHECK(round.ended == "complete");
        CHECK(round.findings.empty());
        CHECK(round.measures.at("units_written") > 0);
        CHECK(round.streams.at(0).completed > 0);
    }
    for (const char* file :
         {"plan.json", "host.json", "result.json", "report.html", "report.md", "SHA256SUMS"}) {
        CHECK(fs::exists(run + "/" + file));
    }
    CHECK(verified(run, folder.path()) == 0);
}

TEST_CASE("a tampered folder is found out", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = new_run(folder);
    ProgramRun program({"run", write_plan(folder.path(), short_rounds), "--out", run},
                       folder.path());
    (void)program.wait();
    const std::string whole = results::read_whole_file(run + "/result.json");
    std::string altered = whole;
    const std::size_t at = altered.find("\"complete\": true");
    REQUIRE(at != std::string::npos);
    altered.replace(at, 16, "\"complete\": false");
    results::write_whole_file(run + "/result.json", altered);
    CHECK(verified(run, folder.path()) == 1);
    results::write_whole_file(run + "/result.json", whole);
    CHECK(verified(run, folder.path()) == 0);
    results::write_whole_file(run + "/rounds/added.json", "{}");
    CHECK(verified(run, folder.path()) == 1);
}

TEST_CASE("SIGINT ends a run cleanly and --resume measures the rest, nothing twice", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = new_run(folder);
    ProgramRun program({"run", write_plan(folder.path(), many_rounds), "--out", run},
                       folder.path());
    REQUIRE(tests::await_rounds(run, 3));
    program.signal(SIGINT);
    CHECK(program.wait() == 6);
    CHECK(verified(run, folder.path()) == 6);
    const int before = kinds_of(run)["round finished"];
    CHECK(before >= 2);
    CHECK(before < 60);
    ProgramRun again({"run", "--resume", run}, folder.path());
    const int code = again.wait();
    INFO(again.err());
    CHECK((code == 0 || code == 7));
    CHECK(kinds_of(run)["round finished"] == 60);
    CHECK(results::read_run(run).rounds.size() == 60);
    CHECK(verified(run, folder.path()) == 0);
    ProgramRun third({"run", "--resume", run}, folder.path());
    CHECK(third.wait() == 2);
}

TEST_CASE("a run is gone on with by one process at once, and the second changes nothing",
          "[campaign][lease]") {
    const tests::ScratchFolder folder;
    const tests::ScratchFolder second;
    const std::string run = new_run(folder);
    ProgramRun program({"run", write_plan(folder.path(), many_rounds), "--out", run},
                       folder.path());
    REQUIRE(tests::await_rounds(run, 3));
    program.signal(SIGINT);
    CHECK(program.wait() == 6);
    ProgramRun again({"run", "--resume", run}, folder.path());
    REQUIRE(tests::await_note(run, "run resumed"));
    ProgramRun other({"run", "--resume", run}, second.path());
    CHECK(other.wait() == 4);
    CHECK_THAT(other.err(), Catch::Contains(run) && Catch::Contains("is held by another process"));
    const int code = again.wait();
    CHECK((code == 0 || code == 7));
    CHECK(kinds_of(run)["run resumed"] == 1);
    CHECK(verified(run, folder.path()) == 0);
}

TEST_CASE("after kill -9 the finished rounds count once and the run goes on", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = new_run(folder);
    ProgramRun program({"run", write_plan(folder.path(), many_rounds), "--out", run},
                       folder.path());
    REQUIRE(tests::await_rounds(run, 4));
    program.signal(SIGKILL);
    CHECK(program.wait() == 128 + SIGKILL);
    ProgramRun again({"run", "--resume", run}, folder.path());
    const int code = again.wait();
    INFO(again.err());
    CHECK((code == 0 || code == 7));
    std::map<std::string, int> finished;
    for (const auto& entry : results::read_journal(run + "/events.ndjson").entries) {
        if (entry.kind == "round finished") {
            ++finished[entry.fields.at("index")];
        }
    }
    CHECK(finished.size() == 60);
    for (const auto& [index, times] : finished) {
        CHECK(times == 1);
    }
    CHECK(verified(run, folder.path()) == 0);
}

TEST_CASE("a stall shows in the disturbance's record, its phases in the intervals", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = new_run(folder);
    ProgramRun program(
        {"run",
         write_plan(folder.path(), R"(, "load_points": ["200/s"], "rounds": 1, "phases": [
             {"phase": "load", "duration": "600ms"},
             {"phase": "disturb", "duration": "1200ms",
              "disturbance": {"name": "stall", "parameters": {"duration": "500ms"}}},
             {"phase": "settle", "duration": "400ms"},
             {"phase": "verify", "duration": "20s"}])"),
         "--out",
         run},
        folder.path());
    const int code = program.wait();
    INFO(program.err());
    CHECK((code == 0 || code == 7));
    for (const auto& round : results::read_rounds(run)) {
        REQUIRE(round.disturbances.size() == 1);
        CHECK(round.disturbances[0].name == "stall");
        CHECK(round.disturbances[0].stall_ns > 400'000'000);
        CHECK(round.disturbances[0].late > 10);
        CHECK(round.measures.at("verified_bytes") > 0);
        std::map<std::string, int> phases;
        for (const auto& interval : round.intervals) {
            ++phases[interval.phase];
        }
        CHECK(phases.size() == 3);
        CHECK(round.findings.empty());
    }
}

TEST_CASE("A against A never claims a difference", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = new_run(folder);
    ProgramRun program(
        {"run",
         write_plan(folder.path(),
                    R"(, "load_points": ["300/s"], "rounds": 6, "duration": "300ms", "metrics": [
                        {"measure": "rate", "margin": "30%", "primary": true}])",
                    "a_against_a"),
         "--out",
         run},
        folder.path());
    const int code = program.wait();
    INFO(program.out() << program.err());
    const auto record = results::read_run(run);
    REQUIRE(record.comparisons.size() == 1);
    // The arrays answer all that is offered, or this host was too busy for the rounds to count.
    if (record.comparisons[0].pairs == 6) {
        CHECK(record.comparisons[0].word == results::Word::equivalent);
        CHECK(code == 0);
    } else {
        CHECK(record.comparisons[0].word == results::Word::inconclusive);
        CHECK(code == 7);
    }
}
