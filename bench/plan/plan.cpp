// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan.h"

#include "bench/plan/plan_metric.h"
#include "results/numbers/paired.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::plan {

bool fits(const LoadPoint& point, const profiles::AnyWorkload& workload) {
    return (point.kind == PointKind::targets) == profiles::is_platform(workload) &&
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
    return plan.preconditioning.has_value() ||
           std::any_of(plan.workloads.begin(), plan.workloads.end(), [](const PlanWorkload& one) {
               return profiles::writes(one.workload);
           });
}

std::vector<std::string> plan_remarks(const Plan& plan) {
    std::vector<std::string> out;
    if (plan.arrays.size() > 1 && plan.rounds < results::pairs_for_word_min) {
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
        if (array.paths != plan.arrays.front().paths) {
            out.push_back(fmt::format("{} and {} are not reached over the same number of paths",
                                      plan.arrays.front().name,
                                      array.name));
        }
    }
    if (!plan.preconditioning) {
        out.emplace_back("no preconditioning: blocks never written may be served faster than data");
    }
    if (plan.limits.empty()) {
        out.emplace_back("no limits: the run can neither pass nor fail, only compare");
    }
    return out;
}

} // namespace bench::plan
