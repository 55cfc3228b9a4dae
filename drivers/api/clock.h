// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace drivers {

// One time line for load, capture and array: CLOCK_MONOTONIC in nanoseconds.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Injected everywhere; nobody calls steady_clock::now() directly, so a test can own time.
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint now() const noexcept = 0;
    virtual void sleep_until(TimePoint due) = 0;
};

} // namespace drivers
