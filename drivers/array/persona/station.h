// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace drivers::array {

// Several servers with one queue, in virtual time: a job starts when it has come and a server is
// free. Load makes queues here exactly as it does in the model of the same name.
class Station {
public:
    explicit Station(std::size_t servers)
        : free_at_(servers) {}

    // When a job that comes at `arrival` is done. Jobs are handed over in order of arrival.
    TimePoint serve(TimePoint arrival, Duration service) noexcept {
        // A heap with the earliest free server on top.
        std::pop_heap(free_at_.begin(), free_at_.end(), later);
        TimePoint& free_at = free_at_.back();
        free_at = std::max(arrival, free_at) + service;
        const TimePoint done = free_at;
        std::push_heap(free_at_.begin(), free_at_.end(), later);
        return done;
    }

    std::size_t servers() const noexcept { return free_at_.size(); }

private:
    static bool later(TimePoint left, TimePoint right) noexcept { return left > right; }

    std::vector<TimePoint> free_at_;
};

} // namespace drivers::array
