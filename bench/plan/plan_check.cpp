// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_check.h"

#include "bench/plan/url.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace bench::plan {

namespace {

// Huawei's V5 generation and older offer iSCSI and FC to hosts, not NVMe; what emulates one must
// not be better at it.
bool is_oceanstor_v5(const profiles::ArrayDescription& array) {
    const std::string all = array.name + " " + array.identity.product + " " + array.file;
    const bool huawei = array.identity.vendor == "HUAWEI";
    const bool v5 = all.find("6800-v5") != std::string::npos ||
                    all.find("6800 V5") != std::string::npos ||
                    all.find("6800-V5") != std::string::npos;
    return huawei && v5;
}

std::set<std::string> transports_of(const profiles::ArrayDescription& array) {
    std::set<std::string> out;
    if (array.emulated) {
        for (const auto& portal : array.emulated->portals) {
            out.insert(portal.transport);
        }
    }
    if (array.real) {
        for (const std::string& url : array.real->urls) {
            out.insert(transport_of(url));
        }
    }
    return out;
}

template <typename Named>
[[noreturn]] void
fail_unknown(const profiles::JsonValue& at, const char* what, const std::vector<Named>& known) {
    std::vector<std::string> names;
    for (const Named& one : known) {
        if constexpr (requires { one.text; }) {
            names.push_back(one.text);
        } else {
            names.push_back(one.name);
        }
    }
    at.fail(fmt::format("a {} of this plan: {}", what, fmt::join(names, ", ")));
}

} // namespace

std::string transport_of(std::string_view url) {
    const UrlKind kind = parse_url(url).kind;
    return kind == UrlKind::nvme_tcp ? "nvme_tcp"
           : kind == UrlKind::iscsi  ? "iscsi"
                                     : "block_device";
}

void check_array(const PlanArray& array, const profiles::JsonValue& at) {
    if (array.transport == "nvme_tcp" && is_oceanstor_v5(array.description)) {
        at.fail("transport \"iscsi\": an OceanStor 6800 V5 speaks iSCSI and FC to hosts, not "
                "NVMe/TCP, and a comparison over it would be of nothing that exists");
    }
    const auto transports = transports_of(array.description);
    if (transports.count(array.transport) == 0) {
        at.fail(fmt::format(
            "a transport that {} offers: {}", array.description.name, fmt::join(transports, ", ")));
    }
    if (array.description.emulated && array.lun >= array.description.emulated->volumes.size()) {
        at.fail(fmt::format("a \"lun\" below {}: {} has no more volumes",
                            array.description.emulated->volumes.size(),
                            array.description.name));
    }
}

void check_point(const Plan& plan, const LoadPoint& point, const profiles::JsonValue& at) {
    for (const PlanWorkload& workload : plan.workloads) {
        if (!fits(point, workload.workload)) {
            at.fail(profiles::is_platform(workload.workload)
                        ? fmt::format("targets for the platform workload {}, like \"200 targets\"",
                                      workload.name)
                    : profiles::is_video(workload.workload)
                        ? fmt::format("cameras for the video workload {}, like \"50 cameras\"",
                                      workload.name)
                    : profiles::is_trace(workload.workload)
                        ? fmt::format("a speed for the trace {}, like \"speed 2\"", workload.name)
                        : fmt::format("a rate, a depth or a share of the knee for {}, which is no "
                                      "platform and has no targets",
                                      workload.name));
        }
    }
}

void check_phase_order(const std::vector<PlanPhase>& phases, const profiles::JsonValue& at) {
    if (phases.empty() || phases.front().kind != PhaseKind::load) {
        at.fail("a phase \"load\" first: what is disturbed must have been measured undisturbed");
    }
    const auto verify = std::find_if(phases.begin(), phases.end(), [](const auto& one) {
        return one.kind == PhaseKind::verify;
    });
    if (verify != phases.end() && std::next(verify) != phases.end()) {
        at.fail("the phase \"verify\" last");
    }
}

void check_phases(const Plan& plan, const profiles::JsonValue& at) {
    check_phase_order(plan.phases, at);
    if (plan.phases.back().kind == PhaseKind::verify && plan.verify == VerifyData::none) {
        at.fail(R"("verify": "sample" or "full" for a phase "verify")");
    }
}

void fail_stream(const std::string& stream,
                 const std::vector<std::string>& known,
                 const profiles::JsonValue& at) {
    const std::string near = profiles::nearest_name(stream, known);
    at.fail(fmt::format("a \"stream\" of the workloads: {}{}",
                        fmt::join(known, ", "),
                        near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near)));
}

void check_stream(const Plan& plan, const results::Metric& metric, const profiles::JsonValue& at) {
    if (metric.stream.empty()) {
        return;
    }
    std::set<std::string> streams;
    for (const PlanWorkload& workload : plan.workloads) {
        for (const std::string& stream : profiles::stream_names(workload.workload)) {
            streams.insert(stream);
        }
    }
    if (streams.count(metric.stream) == 0) {
        fail_stream(metric.stream, {streams.begin(), streams.end()}, at);
    }
}

void check_names(const Plan& plan, const PlanLimit& limit, const profiles::JsonValue& at) {
    check_stream(plan, limit.metric, at);
    if (!limit.workload.empty() &&
        std::none_of(plan.workloads.begin(), plan.workloads.end(), [&](const auto& one) {
            return one.name == limit.workload;
        })) {
        fail_unknown(at, "workload", plan.workloads);
    }
    if (!limit.point.empty() &&
        std::none_of(plan.points.begin(), plan.points.end(), [&](const auto& one) {
            return one.text == limit.point;
        })) {
        fail_unknown(at, "load point", plan.points);
    }
}

} // namespace bench::plan
