// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"

#include <cstdint>
#include <vector>

namespace bench::campaign {

// One array to be measured once.
struct PlannedRound {
    std::uint32_t index = 0; // Order of execution.
    std::uint32_t block = 0; // One workload and point, every array once, close together.
    std::size_t array = 0;   // Into the plan's lists.
    std::size_t workload = 0;
    std::size_t point = 0;
    std::uint64_t seed = 0; // The same for all arrays of a block: they get the same accesses.

    bool operator==(const PlannedRound&) const = default;
};

// The plan's rounds in the order its seed decides: blocks shuffled over all workloads, points and
// repetitions, the arrays within a block in random order (or, with ABBA, forwards and backwards in
// turn). The same plan always gives the same order: this is what lets a run be resumed.
std::vector<PlannedRound> order_rounds(const plan::Plan& plan);

// The blocks held in reserve for rounds that the bench or the emulator spoiled, so many as the plan
// has spare rounds at every workload and point, numbered after all others. Which of them are run
// is decided by which rounds count, never by what they measured.
std::vector<PlannedRound> order_spare_rounds(const plan::Plan& plan);

} // namespace bench::campaign
