// SPDX-License-Identifier: Apache-2.0
#include "bench/load/lane_thread.h"

#include "drivers/api/priority.h"

#include <sys/prctl.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace bench::load {

namespace {

std::int64_t thread_cpu_ns() noexcept {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * 1'000'000'000 + used.tv_nsec;
}

} // namespace

LaneThread::LaneThread(Lane& lane,
                       drivers::Clock& clock,
                       const measure::Window& window,
                       const LaneLimits& limits)
    : lane_(lane)
    , clock_(clock)
    , limits_(limits)
    , pump_(lane, clock, window)
    , margin_(limits.spin_max) {
    descriptors_.reserve(lane.drivers.size());
}

// The first reason to submit nothing more; what comes later changes nothing.
bool LaneThread::is_cut_short(const LaneStops& stops, drivers::TimePoint now) noexcept {
    if (end_ != LaneEnd::complete) {
        return false;
    }
    if (pump_.ended_driver() != nullptr) {
        stops.array_ended.store(true, std::memory_order_relaxed);
    }
    if (stops.array_ended.load(std::memory_order_relaxed)) {
        end_ = LaneEnd::array_ended;
    } else if (now < recorder().window().until && stops.asked != nullptr &&
               stops.asked->load(std::memory_order_relaxed)) {
        end_ = LaneEnd::interrupted;
    }
    return end_ != LaneEnd::complete;
}

void LaneThread::run(const LaneStops& stops, std::atomic<std::uint32_t>& progress) noexcept {
    drivers::Priority priority(limits_.ahead_of_others);
    prctl(PR_SET_TIMERSLACK, 1UL); // Wake when asked, not up to 50 us later.
    progress_ = &progress;
    bool closed = false;
    drivers::TimePoint drain_until = drivers::TimePoint::max();
    for (;;) {
        const drivers::TimePoint now = pump_.turn();
        priority.review(now);
        watch_gap(now);
        watch_window(now);
        if (is_cut_short(stops, now)) {
            pump_.close(now, true);
            (void)is_put_off_again();
            drain_until = now + limits_.drain;
            closed = true;
        } else if (!closed && now >= recorder().window().until) {
            pump_.close(recorder().window().until, false);
            (void)is_put_off_again();
            drain_until = now + limits_.drain;
            closed = true;
        }
        if (closed && pump_.is_drained()) {
            break;
        }
        if (closed && now >= drain_until) {
            was_put_off_ = is_put_off_again();
            if (!was_put_off_ ||
                end_ != LaneEnd::complete) { // Who asked for the end waits no more.
                break;
            }
            drain_until = now + limits_.drain;
        }
        wait(now);
    }
    ended_at_ = clock_.now();
    if (pump_.in_flight() > 0) {
        end_ = LaneEnd::unanswered;
    }
    pump_.give_up();
    watch_window(drivers::TimePoint::max());
    recorder().turn_interval(clock_.now());
    tell(nullptr);
}

// Whether the array put anything off since this was last asked.
bool LaneThread::is_put_off_again() noexcept {
    std::uint64_t sum = 0;
    for (const auto& driver : lane_.drivers) {
        const drivers::PutOff one = driver->put_off();
        sum += one.times + one.attentions;
    }
    return std::exchange(put_off_, sum) != sum;
}

void LaneThread::tell(std::atomic<bool>* what) noexcept {
    if (what != nullptr) {
        what->store(true, std::memory_order_release);
    }
    progress_->fetch_add(1, std::memory_order_release);
    progress_->notify_all();
}

void LaneThread::watch_window(drivers::TimePoint now) noexcept {
    if (!window_begun_.load(std::memory_order_relaxed) && now >= recorder().window().from) {
        cpu_ns_at_begin_ = thread_cpu_ns();
        begun_at_ = clock_.now();
        tell(&window_begun_);
    }
    if (!window_over_.load(std::memory_order_relaxed) && now >= recorder().window().until) {
        const auto wall_ns = static_cast<double>((clock_.now() - begun_at_).count());
        const auto cpu_ns = static_cast<double>(thread_cpu_ns() - cpu_ns_at_begin_);
        cpu_fraction_ = wall_ns > 0 ? cpu_ns / wall_ns : 0;
        tell(&window_over_);
    }
    if (now >= recorder().interval_until() && now != drivers::TimePoint::max()) {
        recorder().turn_interval(now);
        tell(nullptr);
    }
}

void LaneThread::watch_gap(drivers::TimePoint now) noexcept {
    if (now > expected_by_ && now - expected_by_ > limits_.gap_min) {
        recorder().gap(now - expected_by_);
    }
    expected_by_ = now;
}

drivers::TimePoint LaneThread::wake_at(drivers::TimePoint now) noexcept {
    drivers::TimePoint wake = std::min(now + limits_.heartbeat, recorder().interval_until());
    const measure::Window& window = recorder().window();
    wake = std::min(wake, now < window.from ? window.from : wake);
    wake = std::min(wake, now < window.until ? window.until : wake);
    const drivers::TimePoint due = pump_.next_due();
    if (due != drivers::TimePoint::max()) {
        wake = std::min(wake, due - margin_.value());
    }
    return wake;
}

drivers::TimePoint LaneThread::ask_drivers(drivers::TimePoint now,
                                           drivers::TimePoint wake) noexcept {
    descriptors_.clear();
    for (std::size_t i = 0; i < lane_.drivers.size(); ++i) {
        const drivers::BlockDriver& driver = *lane_.drivers[i];
        const drivers::TimePoint timer = driver.next_timer();
        wake = std::min(wake, timer);
        if (driver.wait_fd() >= 0) {
            descriptors_.push_back({driver.wait_fd(), POLLIN, 0});
        } else if (timer == drivers::TimePoint::max() && pump_.in_flight(i) > 0) {
            return now; // Nothing tells when it will be done: ask it again.
        }
    }
    return wake;
}

void LaneThread::wait(drivers::TimePoint now) noexcept {
    using Wait = drivers::BlockDriver::Wait;
    drivers::TimePoint wake = wake_at(now);
    if (wake <= now) {
        return;
    }
    Wait how = lane_.drivers.size() == 1 ? lane_.drivers.front()->wait(wake) : Wait::not_offered;
    if (how == Wait::not_offered) {
        wake = ask_drivers(now, wake);
        if (wake <= now) {
            return;
        }
        how = sleep(wake);
    }
    expected_by_ = wake;
    if (how == Wait::timed_out) {
        margin_.slept(wake, clock_.now());
    }
}

drivers::BlockDriver::Wait LaneThread::sleep(drivers::TimePoint wake) noexcept {
    using Wait = drivers::BlockDriver::Wait;
    if (descriptors_.empty()) {
        clock_.sleep_until(wake);
        return Wait::timed_out;
    }
    const std::int64_t left_ns = (wake - clock_.now()).count();
    if (left_ns <= 0) {
        return Wait::woken;
    }
    const timespec left{left_ns / 1'000'000'000, left_ns % 1'000'000'000};
    const bool timed_out = ppoll(descriptors_.data(), descriptors_.size(), &left, nullptr) == 0;
    return timed_out ? Wait::timed_out : Wait::woken;
}

} // namespace bench::load
