// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

namespace bench::plan {

// The plan's "egress": an array's policy is the file that the plan names for it, or the one that
// its description declares by name, beside it in ../policies/. Throws FileError.
PlanEgress read_plan_egress(profiles::JsonObject in, const Plan& plan);

} // namespace bench::plan
