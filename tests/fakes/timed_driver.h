// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "tests/fakes/manual_clock.h"

#include <algorithm>
#include <deque>
#include <limits>

namespace tests {

struct TimedBehaviour {
    drivers::Duration service{std::chrono::microseconds(100)};
    drivers::Duration submit_cost{0};                            // Time that submit takes.
    drivers::TimePoint freeze_from = drivers::TimePoint::max();  // Nothing completes ...
    drivers::TimePoint freeze_until = drivers::TimePoint::max(); // ... before this.
    drivers::TimePoint silent_from = drivers::TimePoint::max();  // Never answers again.
    drivers::Status status = drivers::Status::good;
    bool sleeps_itself = false;                             // Offers wait().
    drivers::TimePoint ends_at = drivers::TimePoint::max(); // For good: all is lost at once.
    drivers::DriverEnd end = drivers::DriverEnd::lost;
    drivers::TimePoint no_hope_from = drivers::TimePoint::max(); // Lost at once, but not for good.
    drivers::PutOff put_off{};
};

// Answers each request after its service time on a clock that the test owns. First in, first out.
class TimedDriver final : public drivers::BlockDriver {
public:
    TimedDriver(ManualClock& clock, std::size_t depth, const TimedBehaviour& behaviour)
        : clock_(clock)
        , depth_(depth)
        , behaviour_(behaviour) {
        geometry_.block_bytes = 512;
        geometry_.block_count = 1U << 30U;
    }

    const drivers::Geometry& geometry() const noexcept override { return geometry_; }
    const drivers::Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return depth_; }

    bool submit(const drivers::Request& request) noexcept override {
        if (held_.size() == depth_) {
            return false;
        }
        clock_.advance(behaviour_.submit_cost);
        drivers::TimePoint done = clock_.now() + behaviour_.service;
        if (is_hopeless()) {
            done = clock_.now();
        }
        if (done >= behaviour_.silent_from) {
            done = drivers::TimePoint::max();
        } else if (done >= behaviour_.freeze_from && done < behaviour_.freeze_until) {
            done = behaviour_.freeze_until;
        }
        held_.push_back({request.tag, done});
        most_held_ = std::max(most_held_, held_.size());
        ++submitted_;
        return true;
    }

    std::size_t poll(std::span<drivers::Completion> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size() && !held_.empty() &&
               (is_hopeless() || held_.front().done <= clock_.now())) {
            out[count] = {};
            out[count].tag = held_.front().tag;
            out[count].done = is_hopeless() ? clock_.now() : held_.front().done;
            out[count++].status = is_hopeless() ? drivers::Status::lost : behaviour_.status;
            held_.pop_front();
        }
        return count;
    }

    drivers::DriverEnd ended() const noexcept override {
        return clock_.now() >= behaviour_.ends_at ? behaviour_.end : drivers::DriverEnd::none;
    }
    std::string_view end_reason() const noexcept override {
        return ended() == drivers::DriverEnd::none ? "" : "it has gone";
    }
    drivers::PutOff put_off() const noexcept override { return behaviour_.put_off; }

    int wait_fd() const noexcept override { return -1; }
    drivers::TimePoint next_timer() const noexcept override {
        ++timer_asked_;
        // Far away rather than never: a driver without a descriptor is otherwise asked at once.
        constexpr drivers::TimePoint far = drivers::TimePoint::max() - std::chrono::hours(1);
        return held_.empty() ? drivers::TimePoint::max() : std::min(held_.front().done, far);
    }

    Wait wait(drivers::TimePoint until) noexcept override {
        if (!behaviour_.sleeps_itself) {
            return Wait::not_offered;
        }
        ++slept_;
        const bool woken = !held_.empty() && held_.front().done < until;
        clock_.sleep_until(woken ? held_.front().done : until);
        return woken ? Wait::woken : Wait::timed_out;
    }

    std::size_t slept() const { return slept_; }             // In wait().
    std::size_t timer_asked() const { return timer_asked_; } // For the lane to sleep instead.
    std::size_t most_held() const { return most_held_; }
    std::size_t submitted() const { return submitted_; }

private:
    bool is_hopeless() const noexcept {
        return clock_.now() >= std::min(behaviour_.ends_at, behaviour_.no_hope_from);
    }

    struct Held {
        std::uint64_t tag;
        drivers::TimePoint done;
    };
    ManualClock& clock_;
    std::size_t depth_;
    TimedBehaviour behaviour_;
    drivers::Geometry geometry_;
    drivers::Identity identity_;
    std::deque<Held> held_;
    std::size_t most_held_ = 0;
    std::size_t submitted_ = 0;
    std::size_t slept_ = 0;
    mutable std::size_t timer_asked_ = 0;
};

} // namespace tests
