// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cerrno>
#include <ctime>

namespace drivers {

// The real one: CLOCK_MONOTONIC, the same in every process of this host.
class MonotonicClock final : public Clock {
public:
    TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }

    void sleep_until(TimePoint due) override {
        const std::int64_t since_boot_ns = due.time_since_epoch().count();
        const timespec until{since_boot_ns / 1'000'000'000, since_boot_ns % 1'000'000'000};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
        }
    }
};

} // namespace drivers
