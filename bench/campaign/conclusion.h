// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "results/run_record.h"

#include <string>

namespace bench::campaign {

// Fills in everything of a run that follows from its plan and rounds: verdicts, comparisons, what
// could not be seen, and the exit code. The same rounds always give the same conclusion; `verify`
// draws it again.
void conclude(const plan::Plan& plan, results::RunRecord& run);

// The conclusion as a table for a terminal.
std::string conclusion_text(const results::RunRecord& run);

} // namespace bench::campaign
