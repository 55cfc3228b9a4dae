// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_phase.h"

namespace bench::plan {

using profiles::JsonObject;
using profiles::JsonValue;
using namespace std::chrono_literals;

namespace {

constexpr PlanDuration longest = 7 * 24h;

Disturbance read_disturbance(const JsonValue& value) {
    JsonObject object = value.object();
    Disturbance out;
    out.name = object.required("name").text();
    out.parameters = "{}";
    if (const auto parameters = object.optional("parameters")) {
        (void)parameters->object();
        out.parameters = parameters->dump();
    }
    if (const auto limit = object.optional("time_limit")) {
        out.time_limit = limit->duration(1ms, 24h);
    }
    object.finish();
    return out;
}

} // namespace

std::vector<PlanPhase> read_phase_list(const JsonValue& list, PlanDuration& duration) {
    std::vector<PlanPhase> phases;
    for (const JsonValue& item : list.items()) {
        JsonObject object = item.object();
        PlanPhase out;
        out.kind = object.required("phase").choice<PhaseKind>({{"load", PhaseKind::load},
                                                               {"disturb", PhaseKind::disturb},
                                                               {"settle", PhaseKind::settle},
                                                               {"verify", PhaseKind::verify}});
        out.duration = object.required("duration").duration(10ms, longest);
        if (out.kind == PhaseKind::disturb) {
            out.disturbance = read_disturbance(object.required("disturbance"));
        }
        if (out.kind == PhaseKind::verify) {
            if (const auto cache = object.optional("cache")) {
                out.cache_bytes = cache->size_bytes(0, 1ULL << 53U);
            }
        }
        object.finish();
        duration += out.kind == PhaseKind::verify ? 0ns : out.duration;
        phases.push_back(std::move(out));
    }
    return phases;
}

} // namespace bench::plan
