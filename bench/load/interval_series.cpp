// SPDX-License-Identifier: Apache-2.0
#include "bench/load/interval_series.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bench::load {

IntervalSeries::IntervalSeries(std::vector<std::unique_ptr<LaneThread>>& lanes,
                               const measure::Window& window,
                               const LoadSettings& settings)
    : lanes_(lanes)
    , window_(window)
    , settings_(settings)
    , lane_at_(lanes.size()) {}

void IntervalSeries::add(const measure::IntervalTally& tally) {
    Part& part = open_[tally.index];
    results::IntervalRecord& record = part.record;
    record.due += tally.due;
    record.submitted += tally.submitted;
    record.completed += tally.completed;
    record.errors += tally.errors;
    record.bytes_read += tally.bytes_read;
    record.bytes_written += tally.bytes_written;
    record.outstanding_max += tally.outstanding_max;
    part.gap_ns = std::max(part.gap_ns, tally.gap_ns);
    part.response_ns.merge(tally.response_ns);
}

void IntervalSeries::collect() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        measure::IntervalQueue& queue = lanes_[i]->recorder().intervals();
        while (const measure::IntervalTally* tally = queue.front()) {
            add(*tally);
            lane_at_[i] = tally->index + 1;
            queue.pop();
        }
    }
    tell_before(*std::min_element(lane_at_.begin(), lane_at_.end()));
}

void IntervalSeries::tell_before(std::uint64_t index) {
    while (!open_.empty() && open_.begin()->first < index) {
        auto& [number, part] = *open_.begin();
        results::IntervalRecord& record = part.record;
        const auto from = window_.interval * static_cast<std::int64_t>(number);
        const auto end = window_.until - window_.epoch;
        const bool draining = from >= end;
        record.from_ns = from.count();
        record.length_ns =
            (draining ? window_.interval : std::min(window_.interval, end - from)).count();
        record.response_ns_p50 = part.response_ns.quantile_ns(0.5);
        record.response_ns_p99 = part.response_ns.quantile_ns(0.99);
        record.response_ns_max = part.response_ns.max_ns();
        record.phase = draining ? "drain" : "load";
        record.ramp = window_.epoch + from < window_.from;
        if (part.gap_ns > 0) {
            record.invalid =
                fmt::format("the pump itself did not run for {} ms", part.gap_ns / 1'000'000);
        }
        const bool silent_drain = draining && record.completed + record.errors == 0;
        if (!silent_drain) {
            if (settings_.on_interval) {
                settings_.on_interval(record);
            }
            if (settings_.keeps_interval_histograms) {
                record.response_ns = std::move(part.response_ns);
            }
            told_.push_back(std::move(record));
        }
        open_.erase(open_.begin());
    }
}

std::vector<results::IntervalRecord> IntervalSeries::finish() {
    collect();
    tell_before(~std::uint64_t{0});
    for (auto& record : told_) {
        const auto index = static_cast<std::size_t>(record.from_ns / window_.interval.count());
        std::uint64_t due = 0;
        for (const auto& lane : lanes_) {
            const auto counts = lane->recorder().due_in_interval();
            due += index < counts.size() ? counts[index] : 0;
        }
        record.due = due;
    }
    return std::move(told_);
}

} // namespace bench::load
