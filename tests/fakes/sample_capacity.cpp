// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/sample_capacity.h"

#include <cmath>
#include <fmt/format.h>

namespace tests {

using namespace results;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint64_t ms_ns = 1'000'000;

// Two numbers of targets: one that every array holds, one that only the second does.
RoundRecord round_of(const RunRecord& run, const std::string& array, double targets, bool held) {
    RoundRecord out;
    out.index = static_cast<std::uint32_t>(run.rounds.size());
    out.block = 900 + static_cast<std::uint32_t>(targets);
    out.array = array;
    out.workload = "capacity: national";
    out.point = fmt::format("{:.0f} targets", targets);
    out.point_value = targets;
    out.seed = 5;
    out.started_utc_ns = run.started_utc_ns;
    out.duration_ns = 5 * second_ns;
    out.ended = "complete";
    StreamRecord delay;
    delay.name = "commit delay";
    delay.operation = "product due until journal durable";
    delay.completed = 160;
    delay.response_ns.record((held ? 140 : 460) * ms_ns, 150);
    delay.response_ns.record((held ? 210 : 1400) * ms_ns, 10);
    out.streams.push_back(delay);
    StreamRecord journal;
    journal.name = "journal";
    journal.operation = "write FUA";
    journal.completed = 320;
    journal.bytes = 320 * 16384;
    journal.response_ns.record((held ? 3 : 45) * ms_ns, 320);
    journal.service_ns.record((held ? 3 : 45) * ms_ns, 320);
    out.streams.push_back(journal);
    out.audit.offered_per_s = 400;
    out.audit.achieved_per_s = 400;
    out.measures = {{"lost_pdus", held ? 0 : 812},
                    {"lost_target_seconds", held ? 0 : 31},
                    {"buffer_high_water_bytes", held ? 610'000 : 3'200'000},
                    {"seals_late", 0},
                    {"searches_over_limit", held ? 0 : 2},
                    {"playbacks_over_limit", 0},
                    {"targets", targets}};
    if (!held) {
        out.losses = {{"target", 17, 500, 20}, {"target", 3, 312, 11}, {"case", 2, 812, 24}};
    }
    return out;
}

CapacityPointRecord point_of(double targets, bool held) {
    CapacityPointRecord out;
    out.targets = targets;
    out.sustained = held ? 1 : 0;
    out.failed = held ? 0 : 2;
    out.unclear = held ? 0 : 1;
    out.kept = held;
    out.measures = {{"lost_pdus", held ? 0 : 812},
                    {"lost_target_seconds", held ? 0 : 31},
                    {"lost_targets", held ? 0 : 2},
                    {"buffer_high_water_bytes", held ? 610'000 : 3'200'000},
                    {"buffer_bytes", 3'200'000},
                    {"seals_late", held ? 0 : 4}};
    CapacityStreamRecord delay;
    delay.name = "commit delay";
    delay.operation = "product due until journal durable";
    delay.count = 160;
    delay.response_ns_p50 = (held ? 140 : 460) * ms_ns;
    delay.response_ns_max = (held ? 210 : 1400) * ms_ns;
    out.streams = {delay};
    return out;
}

CapacityRecord base_record(const std::string& array, bool better) {
    CapacityRecord out;
    out.array = array;
    out.variant = "national";
    out.workload = "capacity: national";
    out.mode = "ramp";
    out.resolution = 0.1;
    out.indicative = true;
    out.offered_from = 300;
    out.offered_to = 420;
    out.measured = true;
    out.targets = better ? 420 : 300;
    out.low = out.targets;
    out.ended_by = better ? "plan" : "array";
    out.points = {point_of(300, true)};
    if (better) {
        out.points.push_back(point_of(420, true));
        return out;
    }
    out.high = 420;
    out.limited_by = "commit delay max (journal)";
    out.reason = "commit delay max of 1400.0 ms against 1000.0 ms, most of it spent on journal";
    out.price_per_target = 1250.5;
    out.currency = "EUR";
    out.points.push_back(point_of(420, false));
    out.points.back().reason = out.reason;
    return out;
}

CapacityRecord variant_record(const std::string& array, bool better) {
    CapacityRecord out = base_record(array, better);
    out.variant = "backup";
    out.workload = "capacity: backup";
    out.is_base = false;
    out.price_per_target.reset();
    out.currency.clear();
    out.targets = better ? 380 : 255;
    out.low = out.targets;
    out.points.clear();
    if (!better) {
        out.cost_targets = 45;
    }
    return out;
}

// By bisection, so that every way to tell an interval and a cost is seen.
CapacityRecord bisected_record(const std::string& array, bool better) {
    CapacityRecord out = variant_record(array, better);
    out.variant = "failover";
    out.workload = "capacity: failover";
    out.mode = "bisect";
    out.resolution = 0.02;
    out.indicative = false;
    out.confidence = 0.95;
    out.cost_targets.reset();
    out.limited_by = "journal FUA p99.9 during failover and scrub";
    if (better) {
        out.targets = 400;
        out.interval_low = 392;
        out.interval_high = 409;
        out.ended_by = "array";
        out.high = 410;
        out.cost_at_least = 20;
        return out;
    }
    out.targets = 0;
    out.low.reset();
    out.high = 300;
    out.interval_high = 288;
    out.cost_at_least = 0;
    return out;
}

} // namespace

void add_sample_capacity(RunRecord& run) {
    const std::vector<std::string> names{run.arrays[0].name, run.arrays[1].name};
    for (const double targets : {300.0, 420.0}) {
        for (const std::string& name : names) {
            run.rounds.push_back(
                round_of(run, name, targets, targets < 400 || name == names.back()));
        }
    }
    for (const std::string& name : names) {
        run.capacity.push_back(base_record(name, name == names.back()));
    }
    for (const std::string& name : names) {
        run.capacity.push_back(variant_record(name, name == names.back()));
    }
    for (const std::string& name : names) {
        run.capacity.push_back(bisected_record(name, name == names.back()));
    }
    for (HeadlineRecord& headline : run.headlines) {
        const CapacityRecord& found = run.capacity[headline.array == names.back() ? 1 : 0];
        headline.value = found.targets;
        headline.low.reset();
        headline.high.reset();
    }
    PlatformRecord platform;
    platform.workload = "national";
    platform.targets = 5000;
    platform.purpose = "A made-up national platform.";
    platform.busy_bytes_per_s = 39.8e6;
    platform.mean_bytes_per_s = 20.3e6;
    for (int hour = 0; hour < 24; ++hour) {
        const double day = 1 - std::cos(hour * 3.14159265 / 12);
        platform.voice_bytes_per_s.push_back(std::round(3e6 * day));
        platform.data_bytes_per_s.push_back(std::round(8e6 + 12e6 * day));
    }
    platform.assumptions = {{"analysts", "300"}, {"writers", "16, 4 commits/s each"}};
    run.platforms.push_back(platform);
}

} // namespace tests
