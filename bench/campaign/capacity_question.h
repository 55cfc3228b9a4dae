// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/capacity.h"
#include "bench/plan/plan.h"
#include "drivers/api/clock.h"
#include "results/run_record.h"

#include <vector>

namespace bench::campaign {

// What a plan's "capacity" asks, in the words of who judges it.
judge::CapacityQuestion capacity_question(const plan::Plan& plan);

// The capacity that the rounds tell of, and the headlines that say it first. Nothing without
// "capacity" in the plan.
void conclude_capacity(const plan::Plan& plan, results::RunRecord& run);

// Every platform workload of the plan once: its day and its assumptions.
std::vector<results::PlatformRecord> platforms_of(const plan::Plan& plan);

// How long a search takes, rounds of all arrays and variants: where its knee lies decides.
struct CapacityLength {
    std::uint64_t rounds_likely = 0;
    std::uint64_t rounds_most = 0; // Unless rounds must be repeated.
    drivers::Duration likely{0};
    drivers::Duration most{0};
};
CapacityLength capacity_length(const plan::Plan& plan);

} // namespace bench::campaign
