// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

#include <filesystem>
#include <functional>
#include <string>

namespace bench::plan {

// The plan's "egress": an array's policy is the file that the plan names for it, or the one that
// its description declares by name, beside it in ../policies/. Throws FileError.
// `placed` makes a name of it that may be opened, or says at the value why it may not.
using PlacedFile =
    std::function<std::string(const std::filesystem::path&, const profiles::JsonValue&)>;
PlanEgress read_plan_egress(profiles::JsonObject in, const Plan& plan, const PlacedFile& placed);

} // namespace bench::plan
