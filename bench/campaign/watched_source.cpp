// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watched_source.h"

namespace bench::campaign {

namespace {

constexpr std::size_t expected_in_flight = 65536;

} // namespace

WatchedSource::WatchedSource(std::unique_ptr<profiles::Source> inner,
                             std::size_t most,
                             const drivers::Clock& clock)
    : inner_(std::move(inner))
    , clock_(clock) {
    open_.reserve(expected_in_flight);
    accesses_.reserve(most);
}

std::size_t WatchedSource::take(profiles::Duration now, std::span<profiles::Access> out) noexcept {
    if (epoch_ns_.load(std::memory_order_relaxed) == 0) { // `now` was read a moment ago.
        epoch_ns_ = (clock_.now() - now).time_since_epoch().count();
    }
    const std::size_t count = inner_->take(now, out);
    for (std::size_t i = 0; i < count; ++i) {
        open_[out[i].id] = out[i].due;
    }
    return count;
}

void WatchedSource::completed(const profiles::AccessOutcome& outcome) noexcept {
    const auto due = open_.find(outcome.id);
    if (due != open_.end()) {
        if (accesses_.size() < accesses_.capacity()) {
            accesses_.push_back({due->second, outcome.done, outcome.end});
        } else {
            ++unwatched_;
        }
        open_.erase(due);
    }
    inner_->completed(outcome);
}

} // namespace bench::campaign
