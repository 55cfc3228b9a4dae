// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/merge.h"
#include "drivers/api/errors.h"
#include "results/run_record_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <random>

using namespace bench::exchange;
using results::RunRecord;

namespace {

constexpr unsigned hosts = 4;

// One host's part of a made-up load; `all` hears every sample of every host.
RunRecord part(unsigned index, results::Histogram& all) {
    std::mt19937_64 random(index);
    RunRecord out;
    out.id = fmt::format("host{}", index);
    out.plan_name = "load";
    out.seed = 7;
    out.host[shard_key] = fmt::format("{}/{}", index, hosts);
    out.complete = true;
    out.arrays.resize(1);
    out.arrays[0].name = fmt::format("path{}", index); // Another path, the same LUN.
    out.arrays[0].unique_id = "6000";
    results::RoundRecord round;
    round.array = out.arrays[0].name;
    round.workload = "w";
    round.point = "p";
    round.ended = "complete";
    round.started_utc_ns = 1000 + index * 10;
    round.duration_ns = 5000;
    round.streams.resize(1);
    round.streams[0].name = "read";
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t value = random() >> (20 + random() % 30);
        round.streams[0].response_ns.record(value);
        all.record(value);
    }
    round.streams[0].completed = 10'000;
    round.audit.scheduled = 10'000;
    round.audit.lane_cpu_fraction = 0.1 * index;
    round.audit.slip_ns.record(index * 100);
    round.measures["lost_pdus"] = index;
    round.measures["commit_delay_ns_max"] = 100.0 * index;
    round.intervals.resize(2);
    round.intervals[1].from_ns = 1'000'000'000;
    round.intervals[0].completed = 10 * index;
    round.intervals[0].response_ns_max = index;
    out.rounds.push_back(std::move(round));
    return out;
}

std::string refusal(const std::vector<RunRecord>& runs) {
    try {
        merge_runs(runs);
    } catch (const drivers::UsageError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("merging parts is bit-equal to recording once, and associative", "[merge]") {
    results::Histogram all;
    std::vector<RunRecord> parts;
    for (unsigned i = 1; i <= hosts; ++i) {
        parts.push_back(part(i, all));
    }
    const RunRecord flat = merge_runs(parts);
    REQUIRE(flat.rounds.size() == 1);
    CHECK(flat.rounds[0].streams[0].response_ns == all);
    CHECK(flat.rounds[0].streams[0].completed == hosts * 10'000);
    CHECK(flat.complete);
    CHECK(flat.exit_code == 0);
    const RunRecord left = merge_runs(std::vector{
        merge_runs(std::vector{merge_runs(std::vector{parts[0], parts[1]}), parts[2]}), parts[3]});
    const RunRecord right = merge_runs(std::vector{merge_runs(std::vector{parts[3], parts[1]}),
                                                   merge_runs(std::vector{parts[2], parts[0]})});
    for (const RunRecord* other : {&left, &right}) {
        CHECK(results::round_text(other->rounds.at(0)) == results::round_text(flat.rounds[0]));
        CHECK(other->complete);
        CHECK(other->host.at(shard_key) == "1/4+2/4+3/4+4/4");
    }
}

TEST_CASE("a merged run says who was done when, and what each host's CPU and slip were",
          "[merge]") {
    results::Histogram all;
    const RunRecord merged =
        merge_runs(std::vector{part(1, all), part(2, all), part(3, all), part(4, all)});
    const auto& round = merged.rounds.at(0);
    CHECK(round.measures.at("first_done_ns") == 5000);
    CHECK(round.measures.at("last_done_ns") == 5030);
    CHECK(round.measures.at("start_skew_ns_max") == 30);
    CHECK(round.measures.at("lane_cpu_fraction@3/4") == Approx(0.3));
    CHECK(round.measures.at("slip_p99_ns@4/4") == Approx(400).epsilon(0.01));
    CHECK(round.measures.at("lost_pdus") == 10);
    CHECK(round.measures.at("commit_delay_ns_max") == 400);
    CHECK(round.intervals.at(0).completed == 100);
    CHECK(round.intervals.at(0).response_ns_max == 4);
    CHECK(round.audit.scheduled == 40'000);
    CHECK(merged.arrays.size() == 1); // Four paths, one identity.
}

TEST_CASE("parts that are missing, double or strange are told", "[merge]") {
    results::Histogram all;
    const RunRecord one = part(1, all);
    const RunRecord two = part(2, all);
    const RunRecord three = part(3, all);
    const RunRecord lost = merge_runs(std::vector{one, two, three});
    CHECK_FALSE(lost.complete);
    CHECK(lost.exit_code == 6);
    CHECK_THAT(lost.interrupted, Catch::Contains("1 of 4"));
    CHECK_THAT(refusal({one, one}), Catch::Contains("twice"));
    RunRecord other = two;
    other.host[shard_key] = "2/3";
    CHECK_THAT(refusal({one, other}), Catch::Contains("beside parts of"));
    other = two;
    other.seed = 8;
    CHECK_THAT(refusal({one, other}), Catch::Contains("another load"));
    other = two;
    other.arrays[0].unique_id = "7000"; // Another LUN stays another array.
    CHECK(merge_runs(std::vector{one, other}).arrays.size() == 2);
    other.arrays[0].unique_id.clear();
    CHECK_THAT(refusal({one, other}), Catch::Contains("identity"));
    other = two;
    other.host.erase(shard_key);
    CHECK_THAT(refusal({one, other}), Catch::Contains("--shard"));
    other.host[shard_key] = "5/4";
    CHECK_FALSE(refusal({one, other}).empty());
}

TEST_CASE("the parts of a load on four hosts are together the whole load", "[merge]") {
    const tests::ScratchFolder folder;
    const auto load = [&](const std::string& shard, const std::string& name) {
        std::vector<std::string> words{"load",
                                       "memory:size=16MiB,serial=ONE",
                                       "--rw=randread",
                                       "--rate_iops=2000",
                                       "--rate_process=poisson",
                                       "--runtime=0.5",
                                       "--progress=none",
                                       "--record=" + folder.path() + "/" + name};
        if (!shard.empty()) {
            words.push_back("--shard=" + shard);
        }
        tests::ProgramRun run(words, folder.path());
        const int code = run.wait();
        CHECK((code == 0 || code == 7)); // 7: a busy host.
        return results::read_run(folder.path() + "/" + name);
    };
    const RunRecord whole = load("", "whole");
    std::vector<RunRecord> parts;
    std::uint64_t scheduled = 0;
    for (unsigned i = 1; i <= hosts; ++i) {
        parts.push_back(load(fmt::format("{}/{}", i, hosts), fmt::format("part{}", i)));
        scheduled += parts.back().rounds.at(0).audit.scheduled;
        CHECK(parts.back().rounds[0].audit.scheduled < whole.rounds.at(0).audit.scheduled);
    }
    CHECK(scheduled == whole.rounds.at(0).audit.scheduled);
    CHECK(merge_runs(parts).rounds.at(0).audit.scheduled == scheduled);
    tests::ProgramRun merge({"merge",
                             folder.path() + "/part1",
                             folder.path() + "/part2",
                             "--out",
                             folder.path() + "/half"},
                            folder.path());
    CHECK(merge.wait() == 6); // Two parts are missing; what is there is kept.
    CHECK(results::read_run(folder.path() + "/half").rounds.size() == 1);
}
