// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <algorithm>

namespace tests {

// Time that moves only when told to, and never back.
class ManualClock final : public drivers::Clock {
public:
    drivers::TimePoint now() const noexcept override { return now_; }
    void sleep_until(drivers::TimePoint due) override { now_ = std::max(now_, due); }
    void advance(drivers::Duration by) { now_ += by; }

private:
    drivers::TimePoint now_{};
};

} // namespace tests
