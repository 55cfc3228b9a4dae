// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/judge.h"
#include "results/run_record.h"

#include <vector>

namespace bench::campaign {

// Finished runs side by side: an array that several of them measured (or the only array of each)
// at the same workloads and load points, its rounds paired in the order they were run. The arrays
// are called NAME@RUN. With an imported run service is compared for response, and what was lost is
// said. Throws UsageError when the runs have nothing in common.
results::RunRecord compare_runs(std::vector<results::RunRecord> runs,
                                std::vector<judge::ComparedMetric> metrics);

} // namespace bench::campaign
