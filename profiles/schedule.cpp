// SPDX-License-Identifier: Apache-2.0
#include "profiles/schedule.h"

#include <cmath>

namespace profiles {

Schedule::Schedule(const Arrivals& arrivals, std::uint64_t seed, Shard shard) noexcept
    : pace_(arrivals.pace)
    , stride_(shard.count)
    , gap_ns_(1e9 / arrivals.rate_per_s)
    , on_ns_(static_cast<double>(arrivals.on.count()))
    , off_ns_(static_cast<double>(arrivals.off.count()))
    , random_(mixed(seed ^ 0x5c4ed01eULL)) {
    if (pace_ == Pace::bursts) {
        gap_ns_ *= on_ns_ / (on_ns_ + off_ns_);
    }
    if (pace_ == Pace::fixed) {
        index_ = shard.index;
        due_ns_ = static_cast<double>(index_) * gap_ns_;
        return;
    }
    for (std::uint32_t i = 0; i <= shard.index; ++i) {
        step();
    }
}

void Schedule::step() noexcept {
    drawn_ns_ -= std::log(1.0 - random_.fraction()) * gap_ns_;
    due_ns_ = drawn_ns_;
    if (pace_ == Pace::bursts) { // The gaps run through the bursts only.
        due_ns_ += std::floor(drawn_ns_ / on_ns_) * off_ns_;
    }
}

void Schedule::advance() noexcept {
    if (pace_ == Pace::fixed) { // A product, so that rounding does not add up.
        index_ += stride_;
        due_ns_ = static_cast<double>(index_) * gap_ns_;
        return;
    }
    for (std::uint32_t i = 0; i < stride_; ++i) {
        step();
    }
}

std::uint64_t
scheduled_count(const Arrivals& arrivals, std::uint64_t seed, Duration from, Duration to) noexcept {
    std::uint64_t count = 0;
    for (Schedule schedule(arrivals, seed, {}); schedule.due_ns() < static_cast<double>(to.count());
         schedule.advance()) {
        count += schedule.due_ns() >= static_cast<double>(from.count()) ? 1U : 0U;
    }
    return count;
}

} // namespace profiles
