// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/watched_source.h"
#include "results/run_record.h"

#include <vector>

namespace bench::campaign {

struct DisturbedStretch {
    profiles::Duration measured_from{0}; // The undisturbed load before, for the rate to return to.
    profiles::Duration at{0};            // When it struck.
    profiles::Duration until{0};         // Where its effects are looked for no more.
    profiles::Duration late_after{0};
};

// What a disturbance cost: time to the first error, the longest gap without a completion that ends
// after it struck, time until a sustained 95 % of the rate before, and how many accesses due in the
// stretch were late or lost. From all lanes' accesses, in any order.
results::DisturbanceRecord disturbance_cost(std::vector<WatchedAccess> accesses,
                                            const DisturbedStretch& stretch);

} // namespace bench::campaign
