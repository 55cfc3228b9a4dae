// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/round_order.h"
#include "results/run_record.h"

#include <vector>

namespace bench::campaign {

// Whether a spare round is needed: its array and the baseline have fewer valid pairs at its
// workload and point than the plan's rounds, in the blocks before its own. The baseline is needed
// where any other array is. What a round measured plays no part, only whether it counts.
bool is_wanted(const plan::Plan& plan,
               const PlannedRound& spare,
               const std::vector<results::RoundRecord>& rounds);

} // namespace bench::campaign
