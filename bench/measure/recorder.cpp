// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/recorder.h"

namespace bench::measure {

Recorder::Recorder(std::span<const profiles::StreamInfo> streams, const Window& window)
    : window_(window)
    , streams_(streams.size())
    , due_in_interval_(static_cast<std::size_t>((window.until - window.epoch) / window.interval) +
                       1) {
    start_at(window.epoch);
}

void Recorder::start_at(drivers::TimePoint epoch) noexcept {
    window_.from = epoch + (window_.from - window_.epoch);
    window_.until = epoch + (window_.until - window_.epoch);
    window_.epoch = epoch;
    interval_from_ = epoch;
    interval_until_ = epoch + window_.interval;
}

std::uint64_t Recorder::interval_of(drivers::TimePoint at) const noexcept {
    const auto index = (at - window_.epoch) / window_.interval;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(index, 0));
}

void Recorder::count_due_elsewhere(drivers::TimePoint due) noexcept {
    const std::uint64_t index = interval_of(due);
    if (index < due_in_interval_.size()) {
        ++due_in_interval_[index];
    }
    ++intervals_.current().due;
}

void Recorder::turn_interval(drivers::TimePoint now) noexcept {
    const std::uint64_t index = interval_of(now);
    if (intervals_.close(index)) {
        interval_index_ = index;
        interval_from_ = window_.epoch + window_.interval * static_cast<std::int64_t>(index);
        interval_until_ = interval_from_ + window_.interval;
        if (index >= due_in_interval_.size()) { // Draining: nothing is due here.
            interval_from_ = interval_until_;
        }
    } else { // Ask again an interval later.
        interval_until_ += window_.interval;
    }
}

void Recorder::gap(drivers::Duration length) noexcept {
    IntervalTally& interval = intervals_.current();
    interval.gap_ns = std::max(interval.gap_ns, static_cast<std::uint64_t>(length.count()));
}

void Recorder::unfinished(std::uint16_t stream,
                          const AccessTimes& times_until_now,
                          Unfinished how) noexcept {
    ++intervals_.current().errors;
    if (is_measured(times_until_now.due)) {
        streams_[stream].unfinished(times_until_now, how);
    }
}

} // namespace bench::measure
