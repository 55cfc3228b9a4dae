// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <span>

namespace bench::campaign {

// What the rounds at each number of targets showed beside their votes: what the platform lost and
// what came late, summed over the rounds, and how long each of its streams took.
void tell_points(std::span<const results::RoundRecord> rounds, results::CapacityRecord& record);

} // namespace bench::campaign
