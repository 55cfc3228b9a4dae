// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/judge.h"
#include "results/run_record.h"

#include <vector>

namespace bench::campaign {

// Finished runs side by side: an array that several of them measured (or the only array of each)
// at the same workloads and load points, its rounds paired in the order they were run. The arrays
// are called NAME@RUN. Throws UsageError when the runs have nothing in common.
results::RunRecord compare_runs(const std::vector<results::RunRecord>& runs,
                                const std::vector<judge::ComparedMetric>& metrics);

} // namespace bench::campaign
