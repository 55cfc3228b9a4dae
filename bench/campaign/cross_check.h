// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/data_watch.h"
#include "results/run_record.h"

#include <vector>

namespace bench::campaign {

// Measures the plan's cross-checked load point of one array once more, by fio, and puts beside it
// what `rounds` say of the same point. What fio cannot reach or do is in `not_measured`: a witness
// that is missing ends no run.
results::CrossCheckRecord cross_check_by_fio(const DataPlace& place,
                                             const std::vector<results::RoundRecord>& rounds,
                                             drivers::Clock& clock);

} // namespace bench::campaign
