// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

namespace bench::plan {

// Phases of a round in their order; the length of all but verification is added to `duration`.
std::vector<PlanPhase> read_phase_list(const profiles::JsonValue& list, PlanDuration& duration);

} // namespace bench::plan
