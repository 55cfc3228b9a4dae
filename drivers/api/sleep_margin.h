// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <algorithm>

namespace drivers {

// How long before an instant to stay awake, learnt from how late sleeps have lately ended: a quiet
// host pays a few microseconds, one whose processors are slow to wake pays more, up to a bound.
class SleepMargin {
public:
    explicit SleepMargin(Duration at_most) noexcept
        : at_most_(at_most)
        , value_(std::min(least, at_most)) {}

    Duration value() const noexcept { return value_; }

    // A sleep that should have ended at `meant` ended at `really`. Late ones count at once and are
    // forgotten slowly: about one sleep in a hundred is what a P99 is made of.
    void slept(TimePoint meant, TimePoint really) noexcept {
        const Duration late = std::min(really - meant, at_most_); // More is no wake-up's doing.
        value_ =
            std::clamp(std::max(value_ - value_ / 128, late), std::min(least, at_most_), at_most_);
    }

private:
    static constexpr Duration least = std::chrono::microseconds(5);

    Duration at_most_;
    Duration value_;
};

} // namespace drivers
