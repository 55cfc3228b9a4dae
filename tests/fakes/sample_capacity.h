// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

namespace tests {

// Adds a search for capacity to a run of two arrays: its rounds, what it found, a variant that
// costs, and the platform it drove.
void add_sample_capacity(results::RunRecord& run);

} // namespace tests
