// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_file.h"
#include "bench/plan/plan_metric.h"
#include "profiles/units.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace bench::plan {

using Json = nlohmann::ordered_json;
using profiles::duration_text;

namespace {

const char* phase_name(PhaseKind kind) {
    switch (kind) {
    case PhaseKind::load:
        return "load";
    case PhaseKind::disturb:
        return "disturb";
    case PhaseKind::settle:
        return "settle";
    case PhaseKind::verify:
        break;
    }
    return "verify";
}

const char* verify_name(VerifyData verify) {
    switch (verify) {
    case VerifyData::none:
        return "none";
    case VerifyData::sample:
        return "sample";
    case VerifyData::full:
        break;
    }
    return "full";
}

Json metric_json(const results::Metric& metric) {
    using results::Quantity;
    Json out = Json::object();
    if (!metric.stream.empty()) {
        out["stream"] = metric.stream;
    }
    if (metric.quantity == Quantity::named) {
        out["measure"] = "named";
        out["name"] = metric.name;
        return out;
    }
    results::Metric bare = metric;
    bare.statistic.clear();
    out["measure"] = results::metric_text(bare);
    if (!metric.statistic.empty()) {
        out["statistic"] = metric.statistic;
    }
    return out;
}

Json limit_json(const PlanLimit& limit) {
    Json out = metric_json(limit.metric);
    const std::string unit = results::metric_unit(limit.metric);
    const char* key = limit.at_most ? "at_most" : "at_least";
    if (unit.empty() || limit.metric.quantity == results::Quantity::named) {
        out[key] = limit.bound;
    } else {
        out[key] = bound_text(limit.metric, limit.bound);
    }
    if (!limit.workload.empty()) {
        out["workload"] = limit.workload;
    }
    if (!limit.point.empty()) {
        out["load_point"] = limit.point;
    }
    out["demanded"] = limit.demanded;
    return out;
}

Json phase_json(const PlanPhase& phase) {
    Json out = Json::object();
    out["phase"] = phase_name(phase.kind);
    out["duration"] = duration_text(phase.duration);
    if (phase.cache_bytes) {
        out["cache"] = profiles::size_text(*phase.cache_bytes);
    }
    if (phase.disturbance) {
        out["disturbance"] = {{"name", phase.disturbance->name},
                              {"parameters", Json::parse(phase.disturbance->parameters)},
                              {"time_limit", duration_text(phase.disturbance->time_limit)}};
    }
    return out;
}

std::string name_for(const std::string& path, const std::map<std::string, std::string>& files) {
    const auto found = files.find(path);
    return found == files.end() ? path : found->second;
}

void add_things(Json& out, const Plan& plan, const std::map<std::string, std::string>& files) {
    out["arrays"] = Json::array();
    for (const PlanArray& array : plan.arrays) {
        Json one = Json::object();
        one["name"] = array.name;
        one["file"] = name_for(array.file, files);
        one["transport"] = array.transport;
        one["lun"] = array.lun;
        if (array.paths) {
            one["paths"] =
                *array.paths > 0 ? Json(*array.paths) : Json(array.any_paths ? "any" : "all");
        }
        if (!array.identity.empty()) {
            one["identity"] = array.identity;
        }
        out["arrays"].push_back(std::move(one));
    }
    if (plan.type == PlanType::capacity) {
        return;
    }
    out["workloads"] = Json::array();
    for (const PlanWorkload& workload : plan.workloads) {
        out["workloads"].push_back(
            {{"name", workload.name}, {"file", name_for(workload.file, files)}});
    }
    out["load_points"] = Json::array();
    for (const LoadPoint& point : plan.points) {
        out["load_points"].push_back(point.text);
    }
}

// What a search for capacity alone has no use for.
void add_rounds(Json& out, const Plan& plan) {
    out["rounds"] = plan.rounds;
    out["spare_rounds"] = plan.spare_rounds;
    out["ramp"] = duration_text(plan.ramp);
    if (plan.phases.empty()) {
        out["duration"] = duration_text(plan.duration);
    }
    out["knee"] = {{"p99_at_most", duration_text(plan.knee.p99_at_most)},
                   {"rate_from", fmt::format("{}/s", plan.knee.rate_from_per_s)},
                   {"rate_max", fmt::format("{}/s", plan.knee.rate_max_per_s)}};
    for (const PlanPhase& phase : plan.phases) {
        out["phases"].push_back(phase_json(phase));
    }
}

void add_load(Json& out, const Plan& plan) {
    out["order"] = plan.order == Order::random ? "random" : "abba";
    out["interval"] = duration_text(plan.interval);
    if (plan.working_set_bytes > 0) {
        out["working_set"] = profiles::size_text(plan.working_set_bytes);
    }
    if (plan.buffer) {
        out["buffer"] = duration_text(*plan.buffer);
    }
    out["lanes"] = plan.lanes;
    out["depth"] = plan.depth;
    out["verify"] = verify_name(plan.verify);
    out["late_after"] = duration_text(plan.late_after);
    if (plan.lease == LeaseKind::block) {
        out["lease"] = "block";
    }
    out["host_settings"] =
        plan.host_settings == HostSettings::recommended ? "recommended" : "uniform";
    if (plan.preconditioning) {
        out["preconditioning"] = {{"passes", plan.preconditioning->passes},
                                  {"time_limit", duration_text(plan.preconditioning->time_limit)}};
        if (plan.preconditioning->steady_round.count() > 0) {
            out["preconditioning"]["steady_round"] =
                duration_text(plan.preconditioning->steady_round);
        }
    }
}

std::string targets_text(double targets) {
    return fmt::format("{:.0f} targets", targets);
}

Json limits_json(const std::vector<PlanLimit>& limits) {
    Json out = Json::array();
    for (const PlanLimit& limit : limits) {
        out.push_back(limit_json(limit));
    }
    return out;
}

Json capacity_json(const PlanCapacity& capacity, const std::map<std::string, std::string>& files) {
    Json out = Json::object();
    out["mode"] = capacity.bisect ? "bisect" : "ramp";
    const CapacityVariant& base = capacity.variants.front();
    out["workload"] = {{"name", base.name}, {"file", name_for(base.file, files)}};
    out["from"] = targets_text(capacity.from);
    out["to"] = targets_text(capacity.to);
    out["resolution"] = capacity.resolution;
    out["ramp"] = duration_text(capacity.ramp);
    out["duration"] = duration_text(capacity.duration);
    if (capacity.bisect) {
        out["rounds"] = capacity.rounds;
    }
    out["limits"] = limits_json(base.limits);
    if (capacity.at_least) {
        out["at_least"] = targets_text(*capacity.at_least);
    }
    for (std::size_t i = 1; i < capacity.variants.size(); ++i) {
        const CapacityVariant& variant = capacity.variants[i];
        Json one = {{"name", variant.name}};
        if (variant.file != base.file) {
            one["file"] = name_for(variant.file, files);
        }
        for (const auto& [key, flag] : variant.switched) {
            one[key] = flag;
        }
        for (const PlanPhase& phase : variant.phases) {
            one["phases"].push_back(phase_json(phase));
        }
        if (variant.limits != base.limits) {
            one["limits"] = limits_json(variant.limits);
        }
        out["variants"].push_back(std::move(one));
    }
    return out;
}

void add_judgement(Json& out, const Plan& plan) {
    out["limits"] = limits_json(plan.limits);
    for (const PlanMetric& metric : plan.metrics) {
        Json one = metric_json(metric.metric);
        one["margin"] = metric.margin;
        one["primary"] = metric.primary;
        out["metrics"].push_back(std::move(one));
    }
}

} // namespace

std::string plan_text(const Plan& plan, const std::map<std::string, std::string>& files) {
    Json out = Json::object();
    out["$schema"] = plan_schema;
    out["name"] = plan.name;
    out["purpose"] = plan.purpose;
    out["type"] = type_name(plan.type);
    out["seed"] = plan.seed;
    add_things(out, plan, files);
    add_load(out, plan);
    if (plan.cross_check) {
        out["cross_check"] = {{"tool", "fio"},
                              {"workload", plan.cross_check->workload},
                              {"load_point", plan.cross_check->point},
                              {"duration", duration_text(plan.cross_check->duration)}};
    }
    if (plan.capacity) {
        out["capacity"] = capacity_json(*plan.capacity, files);
    }
    if (plan.type != PlanType::capacity) {
        add_rounds(out, plan);
        add_judgement(out, plan);
    }
    if (plan.egress) {
        Json policies = Json::object();
        for (const auto& [array, policy] : plan.egress->policies) {
            policies[array] = name_for(policy.file, files);
        }
        out["egress"] = {{"demand", plan.egress->demand_silence ? "silence" : "nothing"},
                         {"before", duration_text(plan.egress->before)},
                         {"after", duration_text(plan.egress->after)},
                         {"policies", policies}};
    }
    return out.dump(2) + "\n";
}

} // namespace bench::plan
