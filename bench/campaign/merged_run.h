// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "results/run_record.h"

#include <string>
#include <vector>

namespace bench::campaign {

// Whether a folder holds a plan's run, not an ad-hoc load's recording.
bool holds_plan(const std::string& folder);

// What one host left, or what was merged before.
struct RunPart {
    std::string folder;
    std::string shard; // "2/4", or "1/4+2/4".
};

// Makes the folder `out` of a run whose parts several hosts drove by one plan, which is read from
// the first part: plan and inputs, the merged rounds, and everything that is concluded from
// them, as if one host had driven it. Returns the run with its exit code. Throws UsageError where
// something lies already, WriteError.
results::RunRecord keep_merged_run(results::RunRecord merged,
                                   const std::vector<RunPart>& parts,
                                   const std::string& out,
                                   drivers::Clock& clock);

} // namespace bench::campaign
