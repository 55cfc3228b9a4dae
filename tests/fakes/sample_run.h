// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

namespace tests {

// A made-up run with something for every section of a report: two emulated arrays, five load points
// in two blocks, a disturbance, findings, an invalid round, and what was not measured. Always the
// same.
results::RunRecord sample_run();

// The same shape with every string replaced by something an array might say to break a report.
results::RunRecord hostile_run();

} // namespace tests
