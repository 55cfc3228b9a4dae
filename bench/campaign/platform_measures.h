// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/kinds/any_workload.h"
#include "results/run_record.h"

namespace bench::campaign {

// What a round on the platform's load means for the platform: commit delay percentiles, and how
// many seals, searches and playbacks came later than promised. Nothing for other workloads.
void add_platform_measures(const profiles::AnyWorkload& workload, results::RoundRecord& round);

} // namespace bench::campaign
