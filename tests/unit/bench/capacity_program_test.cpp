// SPDX-License-Identifier: Apache-2.0
// A search for capacity by the built program over emulated arrays, kept short: what is checked is
// what the program does with what it measured, never how fast a busy host was.
#include "results/journal_file.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>

namespace fs = std::filesystem;
using tests::ProgramRun;
using namespace std::chrono_literals;

namespace {

// Rounds of half a second on a platform whose buffer holds a tenth.
std::string write_plan(const std::string& folder) {
    results::write_whole_file(folder + "/platform.json",
                              R"({"$schema": "arraybench/interception/1", "purpose": "A test.",
        "targets": 100, "data": {"keep": "30%", "session_rate_share": 0.05},
        "storage": {"writers": 2, "commits": "20/s", "buffer": "100ms"},
        "readers": {"analysts": 2, "searches": "1/s", "exports": "1/h", "export": "1MB"}})");
    const std::string path = folder + "/plan.json";
    const std::string array =
        R"("file": ")" + tests::source_dir() + R"(/profiles/arrays/plain.json"})";
    results::write_whole_file(path,
                              R"({"$schema": "arraybench/plan/1", "type": "capacity", "seed": 3,
        "arrays": [{"name": "a", )" +
                                  array + R"(, {"name": "b", )" + array + R"(],
        "working_set": "96MiB", "interval": "50ms", "verify": "full", "capacity": {"mode": "ramp",
        "workload": {"name": "small", "file": "platform.json"}, "from": "10 targets",
        "to": "60 targets", "resolution": "20%", "ramp": "20ms", "duration": "500ms",
        "limits": [{"stream": "commit delay", "measure": "response", "statistic": "max",
                    "at_most": "5s"}],
        "variants": [{"name": "no-scrub", "scrub": false}]}})");
    return path;
}

int count_of(const std::string& run, const std::string& kind, std::set<std::string>& indices) {
    int out = 0;
    for (const auto& entry : results::read_journal(run + "/events.ndjson").entries) {
        if (entry.kind == kind) {
            ++out;
            indices.insert(entry.fields.at("index"));
        }
    }
    return out;
}

} // namespace

TEST_CASE("a search for capacity is interrupted, resumed, verified and told", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    ProgramRun program({"run", write_plan(folder.path()), "--out", run}, folder.path());
    REQUIRE(tests::await_rounds(run, 3));
    program.signal(SIGINT);
    CHECK(program.wait() == 6);
    ProgramRun again({"run", "--resume", run}, folder.path());
    const int code = again.wait();
    INFO(again.err());
    CHECK((code == 0 || code == 1 || code == 7)); // 7 or 1: a host too busy to tell.

    std::set<std::string> indices;
    const int finished = count_of(run, "round finished", indices);
    CHECK(finished == static_cast<int>(indices.size())); // None was counted twice.
    const results::RunRecord record = results::read_run(run);
    CHECK(record.complete);
    CHECK(record.rounds.size() == indices.size());
    REQUIRE(record.capacity.size() == 4);
    for (const auto& one : record.capacity) {
        CHECK(one.indicative);
        CHECK_FALSE(one.ended_by.empty());
        CHECK((one.ended_by != "plan" || one.targets == 60));
        CHECK_FALSE(one.points.empty());
    }
    for (const auto& round : record.rounds) {
        CHECK(round.measures.count("lost_pdus") == 1);
        CHECK(round.measures.count("seals_late") == 1);
        CHECK(round.measures.at("targets") == Approx(round.point_value));
        CHECK(round.measures.at("units_written") > 0);
        CHECK(round.findings.empty());
    }
    CHECK(record.platforms.size() == 1);
    const std::string page = results::read_whole_file(run + "/report.html");
    CHECK(page.find("id=\"capacity\"") != std::string::npos);
    CHECK(page.find("id=\"platform\"") != std::string::npos);
    ProgramRun verify({"verify", run}, folder.path());
    CHECK(verify.wait() == 0);
}
