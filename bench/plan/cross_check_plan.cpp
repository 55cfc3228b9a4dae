// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/cross_check_plan.h"

#include "bench/plan/plan_metric.h"

#include <algorithm>

namespace bench::plan {

using namespace std::chrono_literals;

CrossCheck read_cross_check(const Plan& plan, const profiles::JsonValue& value) {
    profiles::JsonObject object = value.object();
    CrossCheck out;
    if (plan.workloads.empty() || plan.points.empty()) {
        value.fail("a plan with load points: a search for capacity has none to measure again");
    }
    (void)object.required("tool").choice<int>({{"fio", 0}});
    out.workload = plan.workloads.front().name;
    if (const auto workload = object.optional("workload")) {
        out.workload = workload->text();
    }
    const auto named = std::find_if(plan.workloads.begin(),
                                    plan.workloads.end(),
                                    [&](const auto& one) { return one.name == out.workload; });
    if (named == plan.workloads.end()) {
        value.fail("a \"workload\" of this plan");
    }
    if (!std::holds_alternative<profiles::Workload>(named->workload)) {
        value.fail("a synthetic workload: fio knows neither the platform nor our traces");
    }
    const profiles::JsonValue place = object.required("load_point");
    const LoadPoint point = read_point(place);
    if (std::find(plan.points.begin(), plan.points.end(), point) == plan.points.end() ||
        (point.kind != PointKind::rate && point.kind != PointKind::depth)) {
        place.fail("a load point of this plan that is a rate or a depth");
    }
    out.point = point.text;
    if (const auto duration = object.optional("duration")) {
        out.duration = duration->duration(1s, 24h);
    }
    object.finish();
    if (profiles::writes(named->workload) && plan.verify != VerifyData::none) {
        value.fail("a workload that only reads, or \"verify\": \"none\": fio would write over what "
                   "is to be verified");
    }
    return out;
}

} // namespace bench::plan
