// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/capacity_cost.h"

#include <algorithm>

namespace bench::judge {

using End = CapacitySearch::End;

CapacityFound found_by(const CapacitySearch& search, bool bisects, double resolution) {
    CapacityFound out;
    out.end = search.end();
    out.targets = search.found();
    if (bisects && out.end != End::open) {
        out.threshold = threshold_of(search.votes(), resolution, capacity_confidence);
    }
    return out;
}

void tell_interval(const CapacityFound& found, results::CapacityRecord& out) {
    if (!found.threshold) {
        return;
    }
    out.confidence = capacity_confidence;
    if (found.targets) { // What was seen to hold lies inside, whatever the curve says.
        out.interval_low = std::min(found.threshold->low, static_cast<double>(*found.targets));
    }
    if (found.end == End::array) {
        out.interval_high =
            std::max(found.threshold->high, static_cast<double>(found.targets.value_or(0)));
    }
}

void tell_cost(const CapacityFound& base,
               const CapacityFound& variant,
               double least,
               results::CapacityRecord& out) {
    if (!base.targets || base.end == End::open || variant.end == End::open) {
        return;
    }
    const double held = *base.targets;
    if (!variant.targets) {
        if (variant.end == End::array) {
            out.cost_at_least = held - least;
        }
        return;
    }
    const double cost = held - *variant.targets;
    const bool base_met = base.end == End::array;
    const bool variant_met = variant.end == End::array;
    if (base_met && variant_met) {
        out.cost_targets = cost;
        if (base.threshold && variant.threshold) {
            const Threshold between = difference(*base.threshold, *variant.threshold);
            out.cost_low = std::min(between.low, cost);
            out.cost_high = std::max(between.high, cost);
            out.confidence = capacity_confidence;
        }
    } else if (variant_met) {
        out.cost_at_least = cost; // The platform itself may hold more than was found.
    } else if (base_met) {
        out.cost_at_most = cost;
    }
}

} // namespace bench::judge
