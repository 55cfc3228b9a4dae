// SPDX-License-Identifier: Apache-2.0
// Every shipped platform workload as part of a plan, over iSCSI and over NVMe/TCP, by the built
// program. Short: what is checked is that each of its streams runs, never how fast a host is.
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <set>
#include <sstream>

namespace {

const std::string shipped = tests::source_dir() + "/profiles/workloads/platform";

// One round on each of an array's two transports.
results::RunRecord run(const std::string& workload, const std::string& point) {
    const tests::ScratchFolder folder;
    const std::string array =
        fmt::format(R"("file": "{}/profiles/arrays/flasharray-slice.json")", tests::source_dir());
    results::write_whole_file(
        folder.path() + "/plan.json",
        fmt::format(R"({{"$schema": "arraybench/plan/1", "type": "compare", "seed": 3, "arrays": [
            {{"name": "iscsi", {0}, "transport": "iscsi"}},
            {{"name": "nvme", {0}, "transport": "nvme_tcp"}}],
            "workloads": [{{"name": "w", "file": "{1}"}}], "load_points": ["{2}"],
            "rounds": 1, "working_set": "160MiB", "ramp": "100ms", "duration": "1500ms",
            "interval": "100ms", "verify": "full"}})",
                    array,
                    workload,
                    point));
    tests::ProgramRun program(
        {"run", folder.path() + "/plan.json", "--out", folder.path() + "/run"}, folder.path());
    const int code = program.wait();
    INFO(program.err());
    CHECK((code == 0 || code == 7)); // 7: a host too busy to tell.
    return results::read_run(folder.path() + "/run");
}

std::set<std::string> active_streams(const results::RoundRecord& round) {
    std::set<std::string> out;
    for (const results::StreamRecord& stream : round.streams) {
        if (stream.response_ns.count() > 0) {
            out.insert(stream.name);
        }
    }
    return out;
}

void check(const std::string& workload,
           const std::string& point,
           const std::set<std::string>& wanted) {
    const results::RunRecord record = run(workload, point);
    CHECK(record.complete);
    REQUIRE(record.rounds.size() == 2);
    for (const results::RoundRecord& round : record.rounds) {
        const auto active = active_streams(round);
        for (const std::string& stream : wanted) {
            INFO(workload << " on " << round.array << ": " << stream);
            CHECK(active.count(stream) == 1);
        }
        CHECK(round.findings.empty());
    }
}

const std::set<std::string> always{"content ingest", "content flush", "journal", "commit delay"};

std::set<std::string> with(std::set<std::string> more) {
    more.insert(always.begin(), always.end());
    return more;
}

} // namespace

TEST_CASE("an evacuation and an arrival run over both transports", "[platform]") {
    // So deep a queue of 1 MiB accesses is before a commit that a short round may see none durable.
    check(shipped + "/evacuation.json", "100 targets", {"content ingest", "evacuation"});
    check(shipped + "/arrival.json", "100 targets", {"content ingest", "arrival", "arrival check"});
}

TEST_CASE("cameras record and are watched over both transports", "[platform]") {
    check(shipped + "/video-evidence.json", "30 cameras", {"record", "playback", "playback start"});
}

TEST_CASE("a night's backup, scrub and purge run over both transports", "[platform]") {
    check(
        shipped + "/night.json", "200 targets", with({"backup", "scrub", "purge", "purge check"}));
}

TEST_CASE("what a purge has emptied is written again before the next round", "[platform]") {
    const tests::ScratchFolder folder;
    results::write_whole_file(
        folder.path() + "/plan.json",
        fmt::format(R"({{"$schema": "arraybench/plan/1", "type": "compare", "seed": 3, "arrays": [
            {{"name": "a", "file": "{}/profiles/arrays/flasharray-slice.json"}}],
            "preconditioning": {{"passes": 1, "time_limit": "60s"}},
            "workloads": [{{"name": "night", "file": "{}/night.json"}}], "rounds": 2,
            "load_points": ["200 targets"], "working_set": "160MiB", "ramp": "100ms",
            "duration": "1500ms", "interval": "100ms", "verify": "full"}})",
                    tests::source_dir(),
                    shipped));
    tests::ProgramRun program(
        {"run", folder.path() + "/plan.json", "--out", folder.path() + "/run"}, folder.path());
    const int code = program.wait();
    INFO(program.err());
    CHECK((code == 0 || code == 7)); // 7: a host too busy to tell.
    std::istringstream journal(results::read_whole_file(folder.path() + "/run/events.ndjson"));
    std::vector<std::string> seen;
    for (std::string line; std::getline(journal, line);) {
        for (const char* word : {"round started", "refilled what was purged"}) {
            if (line.find(word) != std::string::npos) {
                seen.emplace_back(word);
                CHECK(line.find(R"("bytes":"0")") == std::string::npos);
            }
        }
    }
    const std::vector<std::string> wanted{
        "round started", "round started", "refilled what was purged"};
    CHECK(seen == wanted);
}

TEST_CASE("an outage drains over both transports", "[platform]") {
    const tests::ScratchFolder folder;
    std::string text = results::read_whole_file(shipped + "/outage-drain.json");
    const std::string hours = R"("outage_at": "5s", "outage_length": "10s")";
    REQUIRE(text.find(hours) != std::string::npos); // The same in less time.
    text.replace(
        text.find(hours), hours.size(), R"("outage_at": "300ms", "outage_length": "500ms")");
    results::write_whole_file(folder.path() + "/outage.json", text);
    check(folder.path() + "/outage.json", "100 targets", always);
}

TEST_CASE("every other platform that is shipped runs over both transports", "[platform]") {
    for (const char* name : {"national",
                             "national-everything",
                             "national-voice",
                             "national-small",
                             "stress",
                             "operation-day"}) {
        check(fmt::format("{}/{}.json", shipped, name), "100 targets", always);
    }
}
