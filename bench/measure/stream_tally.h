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

constexpr std::uint64_t nanoseconds_between(drivers::TimePoint from,
                                            drivers::TimePoint to) noexcept {
    return to > from ? static_cast<std::uint64_t>((to - from).count()) : 0;
}

// Counts one class of accesses without allocating. Histograms hold what was answered well and what
// was waited for in vain (timed out, lost, unfinished); an error that came at once is no latency
// and is only counted.
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
    void unfinished(const AccessTimes& times_until_now) noexcept;

    void add_to(results::StreamRecord& record) const;

    std::uint64_t completed_count() const noexcept { return completed_; }

private:
    struct Error {
        drivers::Status status{};
        std::uint32_t sense = 0;
        std::uint64_t count = 0;
    };

    void record(const AccessTimes& times) noexcept {
        wait_ns_.record(nanoseconds_between(times.due, times.submitted));
        service_ns_.record(nanoseconds_between(times.submitted, times.done));
        response_ns_.record(nanoseconds_between(times.due, times.done));
    }
    void not_good(const AccessTimes& times, const drivers::Completion& completion) noexcept;

    results::Histogram response_ns_;
    results::Histogram wait_ns_;
    results::Histogram service_ns_;
    std::uint64_t completed_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t timed_out_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t unfinished_ = 0;
    std::array<Error, 32> errors_{}; // The last one takes what finds no place.
};

} // namespace bench::measure
