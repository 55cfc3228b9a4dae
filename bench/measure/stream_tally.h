// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "profiles/source.h"
#include "results/run_record.h"

#include <array>

namespace bench::measure {

// The instants of one access. Response = wait + service.
struct AccessTimes {
    drivers::TimePoint due;
    drivers::TimePoint submitted;
    drivers::TimePoint done;
};

// What an access was when it was given up at the end.
enum class Unfinished : std::uint8_t {
    waited_out, // The array had all the time that the bench gives it.
    no_service, // Never sent, or only while the bench gave up: nothing is known of its service.
    cut_off     // Nor did it wait for the array alone: the load was cut short.
};

constexpr std::uint64_t nanoseconds_between(drivers::TimePoint from,
                                            drivers::TimePoint to) noexcept {
    return to > from ? static_cast<std::uint64_t>((to - from).count()) : 0;
}

// Counts one class of accesses without allocating. Histograms hold what was answered well and what
// the whole patience was spent on in vain (timed out, or unfinished when the bench gave up). An
// error is an answer but no latency and is only counted; what was lost was never answered, and how
// long it waited before it was given up, perhaps no time at all, stands beside the latencies.
class StreamTally {
public:
    void completed(const AccessTimes& times,
                   const drivers::Completion& completion,
                   std::uint64_t size_bytes) noexcept {
        if (completion.status == drivers::Status::good) {
            ++completed_;
            bytes_ += size_bytes;
            record(times);
        } else {
            not_good(times, completion);
        }
    }

    // A delay that spans several accesses: the source measured it.
    void delayed(drivers::TimePoint due, drivers::TimePoint done) noexcept {
        ++completed_;
        record({due, due, done});
    }

    // Due in the window and not answered when the bench gave up: at least so long.
    void unfinished(const AccessTimes& times_until_now, Unfinished how) noexcept;

    void add_to(results::StreamRecord& record) const;

    std::uint64_t completed_count() const noexcept { return completed_; }

private:
    struct Error {
        drivers::Status status{};
        std::uint32_t sense = 0;
        std::uint64_t count = 0;
    };

    void record_until_sent(const AccessTimes& times) noexcept {
        wait_ns_.record(nanoseconds_between(times.due, times.submitted));
        response_ns_.record(nanoseconds_between(times.due, times.done));
    }
    void record(const AccessTimes& times) noexcept {
        record_until_sent(times);
        service_ns_.record(nanoseconds_between(times.submitted, times.done));
    }
    void not_good(const AccessTimes& times, const drivers::Completion& completion) noexcept;

    results::Histogram response_ns_;
    results::Histogram wait_ns_;
    results::Histogram service_ns_;
    results::Histogram unanswered_ns_; // From when it was due to when it was given up.
    std::uint64_t completed_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t timed_out_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t unfinished_ = 0;
    std::array<Error, 32> errors_{}; // The last one takes what finds no place.
};

} // namespace bench::measure
