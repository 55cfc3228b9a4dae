// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/measure/interval_tally.h"
#include "bench/measure/stream_tally.h"

#include <algorithm>
#include <span>
#include <vector>

namespace bench::measure {

// The stretch that counts: accesses due in [from, until). What comes before is ramp.
struct Window {
    drivers::TimePoint epoch; // Of the source: the start of the load.
    drivers::TimePoint from;
    drivers::TimePoint until;
    drivers::Duration interval{std::chrono::seconds(1)};
};

// One lane's book: every access by stream, by interval and by slip. Nothing allocates after
// construction.
class Recorder {
public:
    Recorder(std::span<const profiles::StreamInfo> streams, const Window& window);

    // Moves the window, keeping its lengths: building a lane takes time that nobody wants to count.
    void start_at(drivers::TimePoint epoch) noexcept;

    // `slip` is how late the pump itself was; what a full driver made it wait is not.
    void submitted(drivers::TimePoint due, drivers::TimePoint at, drivers::Duration slip) noexcept {
        ++intervals_.current().submitted;
        submitted_in_window_ += at >= window_.from && at < window_.until ? 1U : 0U;
        if (is_measured(due)) {
            slip_ns_.record(slip.count() > 0 ? static_cast<std::uint64_t>(slip.count()) : 0);
        }
    }

    void taken(drivers::TimePoint due) noexcept {
        scheduled_ += is_measured(due) ? 1U : 0U;
        if (due < interval_from_ || due >= interval_until_) {
            count_due_elsewhere(due);
        } else {
            ++due_in_interval_[interval_index_];
            ++intervals_.current().due;
        }
    }

    void completed(const profiles::Access& access,
                   const AccessTimes& times,
                   const drivers::Completion& completion) noexcept {
        IntervalTally& interval = intervals_.current();
        if (completion.status == drivers::Status::good) {
            ++interval.completed;
            (access.op == profiles::AccessOp::read    ? interval.bytes_read
             : access.op == profiles::AccessOp::write ? interval.bytes_written
                                                      : bytes_elsewhere_) += access.size_bytes;
            completed_in_window_ +=
                times.done >= window_.from && times.done < window_.until ? 1U : 0U;
            interval.response_ns.record(nanoseconds_between(times.due, times.done));
        } else {
            ++interval.errors;
        }
        if (is_measured(times.due)) {
            streams_[access.stream].completed(times, completion, access.size_bytes);
        }
    }

    void delayed(std::uint16_t stream, drivers::TimePoint due, drivers::TimePoint done) noexcept {
        if (is_measured(due)) {
            streams_[stream].delayed(due, done);
        }
    }

    void
    unfinished(std::uint16_t stream, const AccessTimes& times_until_now, Unfinished how) noexcept;
    void outstanding(std::uint64_t count) noexcept {
        IntervalTally& interval = intervals_.current();
        interval.outstanding_max = std::max(interval.outstanding_max, count);
    }
    void gap(drivers::Duration length) noexcept;

    // The end of the current interval; when it has passed, turn_interval() opens the one of `now`.
    drivers::TimePoint interval_until() const noexcept { return interval_until_; }
    void turn_interval(drivers::TimePoint now) noexcept;

    // The stop flag came: nothing due later counts.
    void cut(drivers::TimePoint until) noexcept { window_.until = until; }
    const Window& window() const noexcept { return window_; }

    IntervalQueue& intervals() noexcept { return intervals_; }

    // After the lane has ended:
    std::span<const StreamTally> streams() const noexcept { return streams_; }
    std::span<const std::uint64_t> due_in_interval() const noexcept { return due_in_interval_; }
    const results::Histogram& slip_ns() const noexcept { return slip_ns_; }
    std::uint64_t scheduled() const noexcept { return scheduled_; }
    std::uint64_t submitted_in_window() const noexcept { return submitted_in_window_; }
    std::uint64_t completed_in_window() const noexcept { return completed_in_window_; }

private:
    bool is_measured(drivers::TimePoint due) const noexcept {
        return due >= window_.from && due < window_.until;
    }
    std::uint64_t interval_of(drivers::TimePoint at) const noexcept;
    void count_due_elsewhere(drivers::TimePoint due) noexcept;

    Window window_;
    std::vector<StreamTally> streams_;
    IntervalQueue intervals_;
    drivers::TimePoint interval_from_;
    drivers::TimePoint interval_until_;
    std::uint64_t interval_index_ = 0;
    std::vector<std::uint64_t> due_in_interval_; // By due instant, whenever the pump got to it.
    results::Histogram slip_ns_;
    std::uint64_t scheduled_ = 0;
    std::uint64_t submitted_in_window_ = 0;
    std::uint64_t completed_in_window_ = 0;
    std::uint64_t bytes_elsewhere_ = 0;
};

} // namespace bench::measure
