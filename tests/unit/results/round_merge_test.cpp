// SPDX-License-Identifier: Apache-2.0
#include "results/host_rows.h"
#include "results/round_merge.h"
#include "results/run_record_file.h"

#include <catch2/catch.hpp>

#include <array>
#include <fmt/format.h>
#include <random>

using namespace results;

namespace {

constexpr std::uint32_t parts = 4;

struct Whole { // What one host would have recorded.
    Histogram response_ns;
    std::array<Histogram, 3> intervals;
};

RoundRecord part_of_round(std::uint32_t part, Whole& whole) {
    std::mt19937_64 random(part);
    RoundRecord out;
    out.ended = "complete";
    out.started_utc_ns = 1'000'000 + part * 300;
    out.duration_ns = 3'000;
    out.done_ns = 3'000 + part;
    out.streams.resize(1);
    out.streams[0].name = "commit delay";
    out.intervals.resize(3);
    for (std::size_t i = 0; i < out.intervals.size(); ++i) {
        IntervalRecord& interval = out.intervals[i];
        interval.from_ns = static_cast<std::int64_t>(i) * 1000;
        interval.response_ns.emplace();
        for (int sample = 0; sample < 5000; ++sample) {
            const std::uint64_t value = random() >> (20 + random() % 30);
            for (Histogram* one : {&out.streams[0].response_ns,
                                   &*interval.response_ns,
                                   &whole.response_ns,
                                   &whole.intervals[i]}) {
                one->record(value);
            }
        }
        interval.response_ns_p99 = interval.response_ns->quantile_ns(0.99);
        interval.completed = 5000;
    }
    out.audit.offered_per_s = 1000.1 / part;
    out.audit.achieved_per_s = 999.7 / part;
    out.audit.scheduled = 15'000;
    out.audit.lane_cpu_fraction = 0.1 * part;
    out.audit.invalid = {fmt::format("too late by {}", part)};
    out.measures["targets"] = 200;
    out.measures["lost_pdus"] = part;
    out.measures["commit_delay_ns_p99"] =
        static_cast<double>(out.streams[0].response_ns.quantile_ns(0.99));
    FindingRecord finding;
    finding.summary = fmt::format("of part {}", part);
    finding.at_utc_ns = 100 - part;
    out.findings.push_back(finding);
    name_part(out, {part, parts, fmt::format("node{}", part), part * 10});
    return out;
}

RoundRecord merged(RoundRecord into, const RoundRecord& from) {
    merge_round(from, into);
    return into;
}

} // namespace

TEST_CASE("merged rounds are bit-equal to recording once, intervals too, in whatever order",
          "[merge]") {
    Whole whole;
    std::vector<RoundRecord> all;
    for (std::uint32_t part = 1; part <= parts; ++part) {
        all.push_back(part_of_round(part, whole));
    }
    const RoundRecord flat = merged(merged(merged(all[0], all[1]), all[2]), all[3]);
    const RoundRecord paired = merged(merged(all[3], all[1]), merged(all[2], all[0]));
    const RoundRecord nested = merged(all[2], merged(all[1], merged(all[3], all[0])));
    CHECK(flat.streams[0].response_ns == whole.response_ns);
    for (std::size_t i = 0; i < flat.intervals.size(); ++i) {
        CHECK(flat.intervals[i].response_ns.value() == whole.intervals[i]);
        CHECK(flat.intervals[i].response_ns_p99 == whole.intervals[i].quantile_ns(0.99));
        CHECK(flat.intervals[i].completed == 20'000);
    }
    CHECK(flat.measures.at("targets") == 200);
    CHECK(flat.measures.at("lost_pdus") == 10);
    CHECK(flat.measures.at("commit_delay_ns_p99") ==
          static_cast<double>(whole.response_ns.quantile_ns(0.99)));
    CHECK(round_text(paired) == round_text(flat));
    CHECK(round_text(nested) == round_text(flat));
    const RoundRecord read = round_from_text(round_text(flat), "round");
    CHECK(round_text(read) == round_text(flat));
}

TEST_CASE("who began and was done when, and each host's audit, stand in rows", "[merge]") {
    Whole whole;
    const RoundRecord both = merged(part_of_round(3, whole), part_of_round(1, whole));
    CHECK(both.measures.at("start_skew_ns_max") == 600);
    CHECK(both.measures.at("first_done_ns") == 3001);
    CHECK(both.measures.at("last_done_ns") == 3603);
    REQUIRE(both.hosts);
    CHECK(both.hosts->at(0).host == "node1");
    CHECK(both.hosts->at(1).lane_cpu_fraction == Approx(0.3));
    CHECK(both.hosts->at(1).invalid == std::vector<std::string>{"too late by 3"});
    CHECK(both.audit.invalid ==
          std::vector<std::string>{"1/4 node1: too late by 1", "3/4 node3: too late by 3"});
    const auto rows = view::host_rows({&both});
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].host == "3/4 node3");
    CHECK_THAT(rows[1].skew, Catch::Contains("600"));
    CHECK(rows[1].rounds == "1 of 1");
    RoundRecord alone;
    CHECK(view::host_rows({&alone}).empty());
}

TEST_CASE("a part that was lost makes the round incomplete, whenever it is merged", "[merge]") {
    Whole whole;
    RoundRecord lost = part_of_round(2, whole);
    lost.hosts->front().ended = "interrupted: gone";
    lost.ended = "interrupted: gone";
    const RoundRecord good = part_of_round(1, whole);
    CHECK(merged(good, lost).ended == "interrupted: gone");
    CHECK(merged(lost, good).ended == "interrupted: gone");
    CHECK(view::host_rows({&lost}).at(0).rounds == "0 of 1");
}

TEST_CASE("without their histograms intervals keep the highest percentile", "[merge]") {
    Whole whole;
    RoundRecord one = part_of_round(1, whole);
    const RoundRecord other = part_of_round(2, whole);
    one.intervals[0].response_ns.reset();
    one.intervals[0].response_ns_p99 = 7;
    const RoundRecord both = merged(one, other);
    CHECK_FALSE(both.intervals[0].response_ns);
    CHECK(both.intervals[0].response_ns_p99 == other.intervals[0].response_ns_p99);
}
