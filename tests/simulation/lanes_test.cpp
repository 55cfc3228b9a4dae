// SPDX-License-Identifier: Apache-2.0
// Several real lanes on the real clock: what the thread sanitizer looks at.
#include "bench/load/load_run.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/memory/memory_driver.h"
#include "drivers/memory/null_driver.h"
#include "profiles/synthetic_source.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using bench::load::Lane;

namespace {

profiles::Workload half_writes(profiles::Pace pace, std::uint32_t depth, double rate_per_s) {
    profiles::Workload out;
    out.streams.resize(2);
    out.streams[0].name = "read";
    out.streams[1].name = "write";
    out.streams[1].op = profiles::AccessOp::write;
    out.arrivals.pace = pace;
    out.arrivals.depth = depth;
    out.arrivals.rate_per_s = rate_per_s;
    out.flush.every_writes = 32;
    return out;
}

template <typename MakeDriver>
std::vector<Lane>
lanes_of(std::uint32_t count, const profiles::Workload& workload, MakeDriver make_driver) {
    std::vector<Lane> lanes(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        lanes[i].drivers.push_back(make_driver());
        lanes[i].drivers.push_back(make_driver());
        lanes[i].source = profiles::make_source(workload, {0, 8U << 20U, 512}, 1, {i, count});
        lanes[i].access_bytes_max = profiles::largest_access_bytes(workload);
    }
    return lanes;
}

} // namespace

TEST_CASE("three lanes on null LUNs share a closed loop and report together", "[lanes]") {
    drivers::MonotonicClock clock;
    const auto workload = half_writes(profiles::Pace::closed, 24, 0);
    auto lanes = lanes_of(
        3, workload, [&] { return std::make_unique<drivers::NullDriver>(8U << 20U, 16, clock); });
    bench::load::LoadSettings settings;
    settings.ramp = 50ms;
    settings.duration = 250ms;
    settings.interval = 50ms;
    std::uint64_t told = 0;
    settings.on_interval = [&](const auto& interval) {
        told += interval.completed;
    };
    const auto round = bench::load::run_load(lanes, settings, clock);
    CHECK(round.ended == "complete");
    REQUIRE(round.streams.size() == 3);
    CHECK(round.intervals.size() >= 6);
    std::uint64_t in_intervals = 0;
    for (const auto& interval : round.intervals) {
        in_intervals += interval.completed;
    }
    CHECK(told == in_intervals);
    for (const auto& stream : round.streams) {
        CHECK(stream.completed > 0);
        CHECK(stream.completed == stream.response_ns.count());
        CHECK(stream.failed + stream.lost + stream.unfinished == 0);
    }
}

TEST_CASE("two lanes on memory LUNs follow one Poisson schedule", "[lanes]") {
    drivers::MonotonicClock clock;
    auto workload = half_writes(profiles::Pace::poisson, 0, 5000);
    workload.flush.every_writes = 0;
    auto lanes = lanes_of(2, workload, [&] {
        drivers::MemorySettings settings;
        settings.size_bytes = 8U << 20U;
        return std::make_unique<drivers::MemoryDriver>(settings, clock);
    });
    bench::load::LoadSettings settings;
    settings.duration = 300ms;
    settings.interval = 100ms;
    settings.offered_per_s = 5000;
    const auto round = bench::load::run_load(lanes, settings, clock);
    CHECK(round.ended == "complete");
    CHECK(round.audit.scheduled == profiles::scheduled_count(workload.arrivals, 1, 0ms, 300ms));
    CHECK(round.audit.completed == round.audit.scheduled);
}

TEST_CASE("the stop flag ends every lane within its drain limit", "[lanes]") {
    drivers::MonotonicClock clock;
    auto lanes = lanes_of(2, half_writes(profiles::Pace::closed, 8, 0), [&] {
        return std::make_unique<drivers::NullDriver>(8U << 20U, 16, clock);
    });
    std::atomic<bool> stop{false};
    bench::load::LoadSettings settings;
    settings.duration = 1h;
    settings.interval = 20ms;
    settings.stop = &stop;
    settings.on_interval = [&](const auto& /*interval*/) {
        stop = true;
    };
    const auto round = bench::load::run_load(lanes, settings, clock);
    CHECK(round.ended == "interrupted");
    CHECK(round.duration_ns < 3'600'000'000'000);
    CHECK(round.audit.completed > 0);
}
