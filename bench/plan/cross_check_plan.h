// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

namespace bench::plan {

// The plan's "cross_check" section, held against the plan's own workloads, load points and
// verification. Throws FileError.
CrossCheck read_cross_check(const Plan& plan, const profiles::JsonValue& value);

} // namespace bench::plan
