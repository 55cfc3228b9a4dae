// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/random.h"
#include "profiles/workload.h"

namespace profiles {

struct Shard { // Share `index` of `count`: the accesses index, index + count, index + 2 count ...
    std::uint32_t index = 0;
    std::uint32_t count = 1;
};

// The due instants of an open loop, in double nanoseconds accumulated from one epoch. The shards'
// instants together are exactly those of the one schedule with the same seed.
class Schedule {
public:
    Schedule(const Arrivals& arrivals, std::uint64_t seed, Shard shard) noexcept;

    double due_ns() const noexcept { return due_ns_; }
    void advance() noexcept; // To this shard's next access.

private:
    void step() noexcept; // To the next access of the whole schedule.

    Pace pace_;
    std::uint32_t stride_;
    double gap_ns_; // Mean; for bursts the mean within a burst.
    double on_ns_;
    double off_ns_;
    double drawn_ns_ = 0; // Sum of the gaps so far.
    double due_ns_ = 0;
    std::uint64_t index_ = 0;
    Random random_;
};

// How many accesses the whole schedule has with from <= due < to.
std::uint64_t
scheduled_count(const Arrivals& arrivals, std::uint64_t seed, Duration from, Duration to) noexcept;

} // namespace profiles
