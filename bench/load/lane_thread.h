// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/pump.h"
#include "drivers/api/sleep_margin.h"

#include <poll.h>

#include <atomic>

namespace bench::load {

struct LaneLimits {
    // Most time for the answers after the end, since the array last put one off: what it puts off
    // the drivers end themselves once they have waited long enough for it to be ready.
    drivers::Duration drain{std::chrono::seconds(5)};
    drivers::Duration spin_max{std::chrono::microseconds(500)}; // Most, before a due instant.
    drivers::Duration heartbeat{std::chrono::milliseconds(20)}; // Longest sleep.
    // Of what else this host runs, where it permits that, so as to come in time. Not for a closed
    // loop on a device or file of this host, whose own work is among what would have to wait.
    bool ahead_of_others = true;
    drivers::Duration gap_min{std::chrono::milliseconds(50)}; // Not running for so long is told.
};

enum class LaneEnd : std::uint8_t {
    complete,
    interrupted,
    array_ended, // A driver of this lane, or of another on the same array, carries nothing more.
    unanswered
};

// By what a lane and those around it tell each other to stop.
struct LaneStops {
    const std::atomic<bool>* asked = nullptr; // May be null.
    std::atomic<bool>& array_ended;           // Raised by the lane that sees it first.
};

// Turns a pump until its window is over and its answers are in, and waits in between: once for all
// drivers and the next due instant. Only the last microseconds before an instant are spun away.
class LaneThread {
public:
    LaneThread(Lane& lane,
               drivers::Clock& clock,
               const measure::Window& window,
               const LaneLimits& limits);

    // `progress` counts what the coordinator should look at: an interval closed, the window begun,
    // the window over, the lane ended.
    void run(const LaneStops& stops, std::atomic<std::uint32_t>& progress) noexcept;

    void start_at(drivers::TimePoint epoch) noexcept { pump_.start_at(epoch); }
    measure::Recorder& recorder() noexcept { return pump_.recorder(); }
    bool is_in_window() const noexcept { return window_begun_.load(std::memory_order_acquire); }
    bool is_past_window() const noexcept { return window_over_.load(std::memory_order_acquire); }

    // After run():
    LaneEnd end() const noexcept { return end_; }
    drivers::TimePoint ended_at() const noexcept { return ended_at_; } // Its last answer was in.
    std::size_t unanswered() const noexcept { return pump_.in_flight(); }
    bool was_put_off() const noexcept { return was_put_off_; } // What is unanswered, to the end.
    const drivers::BlockDriver* ended_driver() const noexcept { return pump_.ended_driver(); }
    const HeldBack& held_back() const noexcept { return pump_.held_back(); }
    double cpu_fraction() const noexcept { return cpu_fraction_; }

private:
    bool is_put_off_again() noexcept;
    bool is_cut_short(const LaneStops& stops, drivers::TimePoint now) noexcept;
    void wait(drivers::TimePoint now) noexcept;
    drivers::TimePoint wake_at(drivers::TimePoint now) noexcept; // As far as the pump knows.
    drivers::TimePoint ask_drivers(drivers::TimePoint now, drivers::TimePoint wake) noexcept;
    drivers::BlockDriver::Wait sleep(drivers::TimePoint wake) noexcept;
    void watch_gap(drivers::TimePoint now) noexcept;
    void watch_window(drivers::TimePoint now) noexcept;
    void tell(std::atomic<bool>* what) noexcept;

    Lane& lane_;
    drivers::Clock& clock_;
    LaneLimits limits_;
    Pump pump_;
    std::vector<pollfd> descriptors_;
    std::atomic<std::uint32_t>* progress_ = nullptr;
    std::atomic<bool> window_begun_{false};
    std::atomic<bool> window_over_{false};
    drivers::TimePoint expected_by_{drivers::TimePoint::max()}; // The next turn, if all is well.
    drivers::SleepMargin margin_;                               // Before a due instant.
    std::int64_t cpu_ns_at_begin_ = 0;
    drivers::TimePoint begun_at_{};
    double cpu_fraction_ = 0;
    LaneEnd end_ = LaneEnd::complete;
    std::uint64_t put_off_ = 0; // Times, as far as they were seen since the end.
    bool was_put_off_ = false;
    drivers::TimePoint ended_at_{};
};

} // namespace bench::load
