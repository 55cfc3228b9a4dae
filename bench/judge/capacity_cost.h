// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/capacity_search.h"
#include "bench/judge/threshold.h"
#include "results/capacity_record.h"

namespace bench::judge {

inline constexpr double capacity_confidence = 0.95;

// What a search ended with, as far as other searches are held against it.
struct CapacityFound {
    CapacitySearch::End end = CapacitySearch::End::open;
    std::optional<std::uint32_t> targets; // None: not even the least.
    std::optional<Threshold> threshold{}; // By bisection.
};
CapacityFound found_by(const CapacitySearch& search, bool bisects, double resolution);

// Where the edge lies, as far as the search met it.
void tell_interval(const CapacityFound& found, results::CapacityRecord& out);

// What a variant costs against the platform itself, in targets: a number where both searches met
// their edge, else the most or the least that it can be. Nothing where nothing can be said.
// `least`: of the plan; a variant that does not hold it costs at least the way down to it.
void tell_cost(const CapacityFound& base,
               const CapacityFound& variant,
               double least,
               results::CapacityRecord& out);

} // namespace bench::judge
