// SPDX-License-Identifier: Apache-2.0
// Run folders that somebody made or altered and hashed again: whatever stands in them, it is a
// finding or an error with its place, never the end of the program or a fault of its own.
#include "bench/campaign/merged_run.h"
#include "bench/campaign/run_folder.h"
#include "bench/campaign/verification.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "results/journal_file.h"
#include "results/manifest.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/forged_folder.h"
#include "tests/fakes/forgery.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/sample_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>

namespace fs = std::filesystem;
using Catch::Contains;
using Json = nlohmann::ordered_json;
using tests::fault_in;
using tests::ScratchFolder;

namespace {

constexpr const char* plan_more = R"(, "ramp": "2s", "duration": "10s", "verify": "none",
    "load_points": ["2000/s"], "rounds": 2, "working_set": "8MiB",
    "limits": [{"measure": "response", "statistic": "p99", "at_most": "5ms"}])";

results::Histogram few(std::uint64_t step_ns) {
    results::Histogram out;
    for (std::uint64_t i = 1; i <= 12; ++i) {
        out.record(i * step_ns, 100);
    }
    return out;
}

// A small finished run of two arrays, which nothing had to be measured for.
void make_run(const std::string& scratch, const std::string& out) {
    const tests::CampaignPlan plan{
        {tests::plain_array(), tests::plain_array()}, {"mixed-70-30"}, plan_more};
    const auto from = bench::campaign::RunFolder::create(
        scratch + "/from", bench::plan::read_plan(plan.write(scratch)));
    const bench::plan::Plan read = bench::plan::read_plan_in(from.path());
    results::RunRecord run = tests::sample_run();
    run.rounds.resize(4);
    const std::string first = run.arrays[0].name;
    for (results::ArrayRecord& array : run.arrays) {
        array.name = array.name == first ? "a0" : "a1";
    }
    for (results::RoundRecord& round : run.rounds) {
        round.array = round.array == first ? "a0" : "a1";
        round.workload = read.workloads[0].name;
        round.point = read.points[0].text;
        round.intervals.resize(2);
        round.streams.resize(2);
        for (results::StreamRecord& stream : round.streams) { // Short files: many are read.
            stream.response_ns = few(20'000);
            stream.wait_ns = few(1'000);
            stream.service_ns = few(15'000);
        }
        round.audit.slip_ns = few(500);
    }
    run.findings.clear();
    run.egress.clear();
    drivers::MonotonicClock clock;
    (void)bench::campaign::keep_merged_run(run, {{from.path(), "1/1"}}, out, clock);
}

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

Ended program(const std::vector<std::string>& arguments, const ScratchFolder& folder) {
    tests::ProgramRun run(arguments, folder.path());
    const int code = run.wait();
    return {code, run.out(), run.err()};
}

} // namespace

namespace {

void try_forgeries(std::uint64_t seed) {
    const ScratchFolder folder;
    const std::string whole = folder.path() + "/whole";
    make_run(folder.path(), whole);
    bool is_verified = false;
    for (const std::string& problem : bench::campaign::verify_run(whole).problems) {
        UNSCOPED_INFO(problem);
    }
    REQUIRE(fault_in(whole, is_verified).empty());
    REQUIRE(is_verified);
    constexpr int forgeries = 75;
    std::mt19937_64 chance(seed);
    int told_of = 0;
    for (int i = 0; i < forgeries; ++i) {
        const std::string run = folder.path() + "/run";
        fs::remove_all(run);
        fs::copy(whole, run, fs::copy_options::recursive);
        const std::string how = tests::forge(run, chance);
        INFO(i << ": " << how);
        is_verified = false;
        CHECK(fault_in(run, is_verified).empty());
        told_of += is_verified ? 0 : 1;
    }
    CHECK(told_of > forgeries / 2); // Most of what a run says can be drawn again.
}

} // namespace

TEST_CASE("a run with anything in it altered and hashed again is told of, and nothing falls over",
          "[forged]") {
    try_forgeries(20261201);
}

TEST_CASE("other things altered in a run are told of as well", "[forged]") {
    try_forgeries(20261202);
}

TEST_CASE("and a third part of what can be altered in a run", "[forged]") {
    try_forgeries(20261203);
}

TEST_CASE("and a fourth part of it", "[forged]") {
    try_forgeries(20261204);
}

TEST_CASE("verify finds in a forged folder what is wrong, and ends with 1", "[forged]") {
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    make_run(folder.path(), run);
    const auto verified = [&](const std::string& words) {
        const Ended ended = program({"verify", run}, folder);
        INFO(ended.out << ended.err);
        CHECK(ended.code == 1);
        CHECK_THAT(ended.out, Contains(words) && Contains("NOT verified"));
        CHECK_THAT(ended.err, !Contains("internal error"));
    };
    REQUIRE(program({"verify", run}, folder).code == 0);
    SECTION("a round of the journal that names no round") {
        tests::chain_again(run, [](results::JournalEntry& entry) { entry.fields.erase("index"); });
        results::write_manifest(run);
        verified("names no round");
    }
    SECTION("a pipe in the result's place") {
        fs::remove(run + "/result.json");
        REQUIRE(::mkfifo((run + "/result.json").c_str(), 0600) == 0);
        verified("result.json: not a regular file");
        CHECK(program({"report", run}, folder).code == 2);
        CHECK(program({"compare", run, run}, folder).code == 2);
    }
    SECTION("a pipe among what the plan took in") {
        fs::remove(run + "/inputs/array-a0.json");
        REQUIRE(::mkfifo((run + "/inputs/array-a0.json").c_str(), 0600) == 0);
        verified("array-a0.json: not a regular file");
        CHECK(program({"run", "--resume", run}, folder).code == 2);
    }
    SECTION("links to folders") {
        fs::create_directory_symlink("/etc", run + "/etc");
        fs::create_directory_symlink("/etc", run + "/rounds/extra");
        verified("rounds/extra: a symbolic link");
    }
    SECTION("rounds behind a link") {
        fs::rename(run + "/rounds", folder.path() + "/rounds");
        fs::create_directory_symlink(folder.path() + "/rounds", run + "/rounds");
        results::write_manifest(run);
        verified("rounds");
    }
    SECTION("a plan that names what is not its own") {
        Json plan = tests::parsed(run + "/plan.json");
        plan["arrays"][0]["file"] = tests::plain_array();
        tests::put(run + "/plan.json", plan);
        Json result = tests::parsed(run + "/result.json");
        result["plan_sha256"] = results::sha256_of_file_in(run, "plan.json");
        tests::put(run + "/result.json", result);
        results::write_manifest(run);
        verified("a file of the run's own");
    }
    SECTION("a link that leads to itself") {
        fs::remove(run + "/integrity.json");
        fs::create_symlink("integrity.json", run + "/integrity.json");
        verified("integrity.json: a symbolic link");
    }
    SECTION("a folder that nests without end") {
        std::string deep = run;
        for (int i = 0; i < 40; ++i) {
            deep += "/d";
        }
        fs::create_directories(deep);
        verified("too many files or folders");
    }
    SECTION("an array's name that leads elsewhere") {
        Json result = tests::parsed(run + "/result.json");
        result["arrays"][0]["name"] = "../../tmp/x";
        tests::put(run + "/result.json", result);
        results::write_manifest(run);
        verified("/arrays/0/name: wanted a name of letters");
        CHECK(program({"report", run}, folder).code == 2);
    }
    SECTION("a stream's name with orders to a terminal") {
        Json round = tests::parsed(run + "/rounds/000-a0.json");
        round["streams"][0]["name"] = "read\x1b]0;owned\x07";
        tests::put(run + "/rounds/000-a0.json", round);
        tests::hash_again(run);
        verified("/streams/0/name: wanted a name");
    }
    SECTION("files whose names end a line and order a terminal about") {
        results::write_whole_file(run + "/\x1b]0;owned\x07\x1b[2Jevil", "x");
        results::write_whole_file(run + "/x\nverified: all is as it was written", "x");
        verified("evil: not listed");
        const std::string out = program({"verify", run}, folder).out;
        CHECK(out.find('\x1b') == std::string::npos);
        CHECK(out.find('\x07') == std::string::npos);
        CHECK(out.find("\nverified: all") == std::string::npos);
    }
}

TEST_CASE("a killed writer's leftover is told, and nothing is wrong with it", "[forged]") {
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    make_run(folder.path(), run);
    results::write_whole_file(run + "/report.html.00000000deadbeef.part", "hal");
    const Ended ended = program({"verify", run}, folder);
    CHECK(ended.code == 0);
    CHECK_THAT(ended.out, Contains("left by a writer that was killed"));
}
