// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"
#include "drivers/array/array_core.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace bench::campaign {

// Time that passes when somebody waits, and jumps when told to: the self-test's own.
class VirtualClock final : public drivers::Clock {
public:
    drivers::TimePoint now() const noexcept override { return now_; }
    void sleep_until(drivers::TimePoint due) override {
        now_ = due > now_ ? due : now_;
        if (step_at_ && now_ >= *step_at_) {
            now_ += step_by_;
            step_at_.reset();
        }
        if (then_ && now_ >= then_at_) {
            std::exchange(then_, nullptr)();
        }
    }
    // Once, when that much time has passed.
    void at(drivers::TimePoint when, std::function<void()> act) {
        then_at_ = when;
        then_ = std::move(act);
    }
    void advance(drivers::Duration by) { now_ += by; }
    void step(drivers::TimePoint at, drivers::Duration by) {
        step_at_ = at;
        step_by_ = by;
    }

private:
    drivers::TimePoint now_{std::chrono::seconds(1000)};
    std::optional<drivers::TimePoint> step_at_;
    drivers::Duration step_by_{0};
    drivers::TimePoint then_at_{};
    std::function<void()> then_;
};

// What is wrong with the bench itself rather than with the array.
struct LocalFlaws {
    drivers::Duration submit_cost{0}; // Each submit takes so long: an overloaded generator.
    drivers::Duration lateness{0};    // Answers leave so late: an overloaded emulator.
    bool lands_late = false;          // The next write times out, unfenced, and lands when told.
};

// An emulated array in this process and on the clock it is given, without sockets: volumes and
// personas are those that the portals serve.
class LocalArray final : private drivers::array::LinkListener {
public:
    LocalArray(const drivers::array::ArraySettings& settings, VirtualClock& clock);
    ~LocalArray() override;
    LocalArray(const LocalArray&) = delete;
    LocalArray& operator=(const LocalArray&) = delete;

    // Throws UsageError for an event that the array does not know how to do.
    void apply(const drivers::array::FaultEvent& event);
    drivers::array::EmulatorCounts counts() const { return core_.emulator_counts(); }

    // A queue to the first LUN. The array outlives it.
    std::unique_ptr<drivers::BlockDriver> open(std::size_t depth);
    void land_late_write();

    LocalFlaws flaws;

private:
    friend class LocalDriver;
    struct Late {
        drivers::BlockRange range;
        std::vector<std::byte> data;
    };

    void drop_sessions(std::uint16_t controller) override;
    void access_state_changed() override {}
    void power_cut() override;
    void lun_swapped(std::uint16_t /*controller*/, std::uint16_t /*lun*/) override {}
    void stalled_until(std::uint16_t controller, drivers::TimePoint until) override;
    void let_time_pass();

    VirtualClock& clock_;
    drivers::array::ArrayCore core_;
    std::optional<Late> late_;
    drivers::TimePoint stalled_until_{};
    std::uint64_t dropped_ = 0; // How often sessions have ended.
};

} // namespace bench::campaign
