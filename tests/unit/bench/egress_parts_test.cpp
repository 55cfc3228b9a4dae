// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_parts.h"
#include "bench/plan/plan_file.h"
#include "results/run_record_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

using namespace bench;
using namespace bench::campaign;
using Catch::Matchers::Contains;

namespace {

results::JournalEntry entry(const char* kind, std::int64_t at_s) {
    results::JournalEntry out;
    out.kind = kind;
    out.at.realtime_ns = at_s * 1'000'000'000;
    return out;
}

results::EgressRecord part(const char* array, const char* phase, std::uint64_t bytes) {
    results::EgressRecord out;
    out.array = array;
    out.phase = phase;
    out.watched_ns = 10;
    out.frames = bytes / 100;
    out.captured_bytes = out.allowed_bytes = bytes;
    out.smallest_seen["Beacons"] = "to " + std::to_string(bytes) + " s.";
    out.smallest_seen["Unlisted flows"] = "one frame.";
    return out;
}

plan::Plan plan_of(bool real) {
    plan::Plan out = plan::read_plan(tests::source_dir() + "/profiles/plans/egress-demo.json");
    out.arrays.resize(1);
    if (real) {
        out.arrays[0].description.emulated.reset();
        out.arrays[0].description.real.emplace();
    }
    return out;
}

results::RunRecord last_part() {
    results::RunRecord out;
    out.egress = {part("talking", "", 300), part("talking", "load", 200)};
    return out;
}

EarlierEgress first_part() {
    EarlierEgress out;
    out.records = {part("talking", "", 500), part("talking", "update", 400)};
    results::FindingRecord finding;
    finding.area = "egress";
    finding.kind = "beacon";
    out.findings = {finding};
    out.gaps_from_utc_ns = {1'700'000'000'000'000'000};
    return out;
}

} // namespace

TEST_CASE("the parts of an interrupted run add up to one account of what was sent",
          "[egress][resume]") {
    results::RunRecord run = last_part();
    join_earlier_egress(first_part(), plan_of(false), run);
    REQUIRE(run.egress.size() == 3);
    CHECK(run.egress[0].captured_bytes == 800);
    CHECK(run.egress[0].allowed_bytes == 800);
    CHECK(run.egress[0].frames == 8);
    CHECK(run.egress[0].watched_ns == 20);
    CHECK(run.egress[0].smallest_seen["Beacons"] ==
          "before the interruption: to 500 s. After it: to 300 s.");
    CHECK(run.egress[0].smallest_seen["Unlisted flows"] == "one frame.");
    CHECK(run.egress[0].not_measured.empty()); // An emulated array was not there meanwhile.
    CHECK(run.egress[1].captured_bytes == 200);
    CHECK(run.egress[2].phase == "update");
    CHECK(run.findings.size() == 1);
}

TEST_CASE("what each tap lost is bounded anew over all parts", "[egress][resume]") {
    EarlierEgress earlier = first_part();
    results::RunRecord run = last_part();
    const auto tap = [](const char* name, std::uint64_t sent, std::uint64_t lost) {
        results::TapRecord out;
        out.interface = name;
        out.markers_from = "eth3";
        out.markers_sent = sent;
        out.markers_lost = lost;
        out.dropped = 1;
        return out;
    };
    earlier.records[0].taps = {{tap("tap0", 40, 10), tap("tap1", 40, 0)}};
    run.egress[0].taps = {{tap("tap0", 60, 0)}};
    join_earlier_egress(earlier, plan_of(false), run);
    const auto& taps = run.egress[0].taps.value();
    REQUIRE(taps.size() == 2);
    CHECK(taps[0].markers_sent == 100);
    CHECK(taps[0].markers_lost == 10);
    CHECK(taps[0].dropped == 2);
    CHECK(taps[0].loss_high.value() == Approx(0.1762).margin(0.0001));
    CHECK(taps[1].interface == "tap1");
}

TEST_CASE("a real array that nobody watched meanwhile is not measured", "[egress][resume]") {
    results::RunRecord run = last_part();
    join_earlier_egress(first_part(), plan_of(true), run);
    CHECK_THAT(run.egress[0].not_measured, Contains("not watched from 2023-11-14T22:13:20"));
    CHECK(run.egress[1].not_measured.empty());
}

TEST_CASE("a part that ended without a word is missing, and a run of one part is left alone",
          "[egress][resume]") {
    const tests::ScratchFolder folder;
    CHECK(read_earlier_egress({}, folder.path()).gaps_from_utc_ns.empty());
    const auto killed =
        read_earlier_egress({entry("run started", 1), entry("round finished", 2)}, folder.path());
    CHECK(killed.lost_parts == 1);
    results::RunRecord run = last_part();
    join_earlier_egress(killed, plan_of(false), run);
    CHECK_THAT(run.egress[0].not_measured, Contains("1 earlier part of this run ended without"));
    run = last_part();
    join_earlier_egress({}, plan_of(true), run);
    CHECK(run.egress[0].not_measured.empty());
}

TEST_CASE("what an interrupted part has recorded is read from its result", "[egress][resume]") {
    const tests::ScratchFolder folder;
    results::RunRecord earlier = last_part();
    results::FindingRecord finding;
    finding.area = "egress";
    earlier.findings = {finding, {}};
    results::write_result(folder.path(), earlier);
    const auto out = read_earlier_egress({entry("run started", 1),
                                          entry("run ended", 5),
                                          entry("run resumed", 9),
                                          entry("run ended", 11)},
                                         folder.path());
    CHECK(out.lost_parts == 0);
    CHECK(out.gaps_from_utc_ns == std::vector<std::int64_t>{5'000'000'000, 11'000'000'000});
    CHECK(out.records.size() == 2);
    CHECK(out.findings.size() == 1);
}
