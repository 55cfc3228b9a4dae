// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/lane_thread.h"
#include "bench/load/pump.h"
#include "results/run_record.h"

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace bench::load {

struct LoadSettings {
    drivers::Duration ramp{0}; // Driven and shown, not measured.
    drivers::Duration duration{std::chrono::seconds(10)};
    drivers::Duration interval{std::chrono::seconds(1)};
    double offered_per_s = 0;         // What the sources were asked for; 0 = closed loop.
    bool offers_own_schedule = false; // Open loop whose rate only the sources' schedule tells.
    bool keeps_interval_histograms = false; // For rounds that are put together with others'.
    LaneLimits limits;
    const std::atomic<bool>* stop = nullptr; // Set by a signal handler: drain and return.
    // Called in the caller's thread for each finished interval of all lanes together.
    std::function<void(const results::IntervalRecord&)> on_interval;
    // Called once when every lane is ready; the load starts at the instant it returns, or in two
    // milliseconds if that is later. What it throws ends the load before it began.
    std::function<drivers::TimePoint()> start;
    std::function<void(drivers::TimePoint)> started; // Told at which instant it then does start.
};

// Runs one round: a thread for each lane, until ramp and duration are over and the answers are in.
// Fills streams, intervals, audit, start, lengths and `ended` of the record; the caller knows the
// rest. A lane whose array left requests unanswered beyond the drain limit loses its drivers: they
// are closed, so that nothing touches the buffers any more. A driver that has ended for good ends
// the load of every lane at once, and the record says by its reason why.
results::RoundRecord
run_load(std::span<Lane> lanes, const LoadSettings& settings, drivers::Clock& clock);

// How a record says a driver's end: the words for its kind, and the driver's reason.
std::string ended_text(drivers::DriverEnd end, std::string_view reason);

} // namespace bench::load
