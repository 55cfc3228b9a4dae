// SPDX-License-Identifier: Apache-2.0
// Rows about time: what an array, the bench or its clock may do, and whose fault it must be.
#include "bench/campaign/local_array.h"
#include "bench/campaign/round_runner.h"
#include "bench/campaign/self_test.h"
#include "bench/load/load_run.h"
#include "profiles/synthetic_source.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

using drivers::array::Fault;

constexpr std::uint64_t lun_bytes = 64U << 20U;
constexpr double rate_per_s = 5000;

drivers::array::ArraySettings even_array() {
    drivers::array::ArraySettings out;
    out.name = "self-test";
    out.seed = 21;
    drivers::array::VolumeSettings volume;
    volume.name = "lun0";
    volume.block_count = lun_bytes / 512;
    out.volumes.push_back(volume);
    out.service.read.median = 200us;
    return out;
}

profiles::Workload even_reads() {
    profiles::Workload out;
    out.name = "self-test";
    out.streams.resize(1);
    out.streams[0].name = "read";
    out.arrivals.pace = profiles::Pace::poisson;
    out.arrivals.rate_per_s = rate_per_s;
    return out;
}

struct TimeBed {
    VirtualClock clock;
    LocalArray array{even_array(), clock};

    drivers::TimePoint after(drivers::Duration time) const { return clock.now() + time; }

    results::RoundRecord measure() {
        std::vector<load::Lane> lanes(1);
        lanes[0].drivers.push_back(array.open(256));
        lanes[0].source = profiles::make_source(even_reads(), {0, lun_bytes, 512}, 22, {});
        lanes[0].access_bytes_max = 4096;
        load::LoadSettings settings;
        settings.duration = 8s;
        settings.offered_per_s = rate_per_s;
        settings.limits.spin_max = 0ns;
        results::RoundRecord out = load::run_load(lanes, settings, clock);
        if (const std::string why = emulator_bottleneck(array.counts()); !why.empty()) {
            out.audit.invalid.push_back(why);
        }
        return out;
    }
};

SelfTestRow row(const std::string& fault,
                std::set<std::string> expected,
                const std::function<void(TimeBed&)>& act) {
    SelfTestRow out{fault, std::move(expected), {}, {}};
    try {
        TimeBed bed;
        act(bed);
        const results::RoundRecord round = bed.measure();
        if (round.ended != "complete" || round.streams.at(0).completed == 0) {
            throw std::logic_error("self-test: the round ended " + round.ended);
        }
        out.found = said_of_time(round);
    } catch (const std::exception& error) {
        out.problem = error.what();
    }
    return out;
}

void freeze(TimeBed& bed) {
    drivers::array::FaultEvent event;
    event.fault = Fault::stall;
    event.duration = 2s;
    bed.clock.at(bed.after(3s), [&bed, event] { bed.array.apply(event); });
}

void slow_tail(TimeBed& bed) {
    drivers::array::FaultEvent event;
    event.fault = Fault::slow_tail;
    event.rate = 0.004;
    event.extra = 50ms;
    bed.array.apply(event);
}

} // namespace

std::set<std::string> said_of_time(const results::RoundRecord& round) {
    std::set<std::string> out;
    for (const std::string& why : round.audit.invalid) {
        out.emplace(why.find("emulated array") != std::string::npos ? "emulator overloaded"
                                                                    : "generator overloaded");
    }
    for (const results::IntervalRecord& interval : round.intervals) {
        if (!interval.invalid.empty()) {
            out.emplace("clock or host stood still");
        }
    }
    if (!out.empty()) {
        return out;
    }
    const results::Histogram& response = round.streams.at(0).response_ns;
    const std::uint64_t p50_ns = response.quantile_ns(0.5);
    const std::uint64_t p99_ns = response.quantile_ns(0.99);
    constexpr std::uint64_t second_ns = 1'000'000'000;
    if (p99_ns >= second_ns) {
        out.emplace("freeze in P99");
    } else if (p99_ns <= 2 * p50_ns && response.quantile_ns(0.999) >= 10 * p50_ns) {
        out.emplace("slow tail from P99.9");
    } else if (p99_ns > 2 * p50_ns) {
        out.emplace("slow P99");
    }
    return out;
}

std::vector<SelfTestRow> self_test_time() {
    return {
        row("none, under an even load", {}, [](TimeBed&) {}),
        row("stall of 2 s", {"freeze in P99"}, freeze),
        row("slow_tail of 0.4 %", {"slow tail from P99.9"}, slow_tail),
        row("overloaded generator",
            {"generator overloaded"},
            [](TimeBed& bed) { bed.array.flaws.submit_cost = 250us; }),
        row("overloaded emulator",
            {"emulator overloaded"},
            [](TimeBed& bed) { bed.array.flaws.lateness = 300us; }),
        // What was due while the clock jumped could only be sent afterwards.
        row("clock step of 3 s",
            {"clock or host stood still", "generator overloaded"},
            [](TimeBed& bed) { bed.clock.step(bed.after(4s), 3s); }),
    };
}

} // namespace bench::campaign
