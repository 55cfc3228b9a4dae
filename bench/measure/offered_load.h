// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

namespace bench::measure {

// Holds an open-loop point against what it offered: slip P99 above max(100 us, 5 % of the median
// response) makes it invalid for the generator, not slow for the array. Adds the reasons to
// `audit.invalid`. A closed loop (nothing offered) has no schedule to slip from.
void judge_offered_load(results::AuditRecord& audit, const results::Histogram& response_ns);

} // namespace bench::measure
