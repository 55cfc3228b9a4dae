// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan.h"

#include "bench/plan/plan_metric.h"
#include "results/numbers/paired.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::plan {

const char* type_name(PlanType type) {
    switch (type) {
    case PlanType::a_against_a:
        return "a_against_a";
    case PlanType::capacity:
        return "capacity";
    case PlanType::compare:
        break;
    }
    return "compare";
}

bool fits(const LoadPoint& point, const profiles::AnyWorkload& workload) {
    return (point.kind == PointKind::targets) == profiles::is_platform(workload) &&
           (point.kind == PointKind::cameras) == profiles::is_video(workload) &&
           (point.kind == PointKind::speed) == profiles::is_trace(workload);
}

std::string limit_text(const PlanLimit& limit) {
    return fmt::format("{}{}{} {} {}",
                       limit.metric.stream,
                       limit.metric.stream.empty() ? "" : " ",
                       results::metric_text(limit.metric),
                       limit.at_most ? "<=" : ">=",
                       bound_text(limit.metric, limit.bound));
}

bool writes(const Plan& plan) {
    return plan.preconditioning.has_value() || plan.capacity.has_value() ||
           std::any_of(plan.workloads.begin(), plan.workloads.end(), [](const PlanWorkload& one) {
               return profiles::writes(one.workload);
           });
}

std::vector<profiles::AnyWorkload> all_workloads(const Plan& plan) {
    std::vector<profiles::AnyWorkload> out;
    for (const PlanWorkload& one : plan.workloads) {
        out.push_back(one.workload);
    }
    if (plan.capacity) {
        for (const CapacityVariant& one : plan.capacity->variants) {
            out.emplace_back(one.workload);
        }
    }
    return out;
}

std::vector<std::string> plan_remarks(const Plan& plan) {
    std::vector<std::string> out;
    if (plan.type == PlanType::capacity) {
        // Its rounds are counted by what they show.
    } else if (plan.arrays.size() > 1 && plan.rounds < results::pairs_for_word_min) {
        out.push_back(fmt::format("{} rounds: fewer than {} pairs can never tell two arrays apart; "
                                  "every comparison will be inconclusive",
                                  plan.rounds,
                                  results::pairs_for_word_min));
    } else if (plan.arrays.size() > 1 && plan.rounds < results::pairs_for_verdict_min) {
        out.push_back(fmt::format("{} rounds: with fewer than {} pairs comparisons are indicative",
                                  plan.rounds,
                                  results::pairs_for_verdict_min));
    }
    for (const PlanArray& array : plan.arrays) {
        if (array.paths != plan.arrays.front().paths ||
            array.any_paths != plan.arrays.front().any_paths) {
            out.push_back(fmt::format("{} and {} are not reached over the same number of paths",
                                      plan.arrays.front().name,
                                      array.name));
        }
    }
    if (!plan.preconditioning) {
        out.emplace_back("no preconditioning: blocks never written may be served faster than data");
    }
    if (plan.capacity && !plan.capacity->bisect) {
        out.push_back(fmt::format("targets sustained from a ramp in steps of {:g} %: indicative",
                                  plan.capacity->resolution * 100));
    }
    if (plan.limits.empty() && !plan.capacity) {
        out.emplace_back("no limits: the run can neither pass nor fail, only compare");
    }
    return out;
}

} // namespace bench::plan
