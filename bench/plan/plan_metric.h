// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

namespace bench::plan {

// The keys "stream", "measure" and "statistic" of a limit or a comparison.
results::Metric read_metric(profiles::JsonObject& object);

PlanLimit read_limit(const profiles::JsonValue& value);
PlanMetric read_plan_metric(const profiles::JsonValue& value);

// "500/s", "depth 16", "50% of knee", "200 targets"
LoadPoint read_point(const profiles::JsonValue& value);

// A bound as the plan's JSON writes it: "5ms", "500/s", "1MiB/s", 12.
std::string bound_text(const results::Metric& metric, double bound);

} // namespace bench::plan
