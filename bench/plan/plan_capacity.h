// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

#include <functional>
#include <string>

namespace bench::plan {

// How a plan says a file's path and a name.
struct PlanWords {
    std::function<std::string(const profiles::JsonValue&)> path;
    std::function<std::string(const profiles::JsonValue&)> name;
    std::optional<PlanDuration> buffer{}; // The plan's own.
    profiles::FilePlace files{};          // Where its files may be.
};

// Gives a platform the plan's mediation buffer, where it has one; other workloads have none.
void set_buffer(profiles::AnyWorkload& workload, const std::optional<PlanDuration>& buffer);

// The object "capacity" of a plan. Throws profiles::FileError, also for rounds so short that a
// large buffer could pass for a fast array.
PlanCapacity read_capacity(const profiles::JsonValue& value, const PlanWords& words);

// Every lane has a writer of its own, also at the least number of targets.
void check_lanes(const Plan& plan, const profiles::JsonValue& at);

// The platform of a variant with so many targets.
profiles::interception::Parameters platform_at(const CapacityVariant& variant, double targets);

// What rounds of a variant are named after, so that they are never taken for other rounds.
std::string capacity_workload_name(const CapacityVariant& variant);

} // namespace bench::plan
