// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_egress.h"

#include "profiles/policy_file.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bench::plan {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

fs::path declared_policy(const PlanArray& array, const profiles::JsonValue& at) {
    const std::string& name = array.description.egress_policy;
    if (name.empty()) {
        at.fail(fmt::format("a policy for \"{}\" under \"policies\": its description declares none",
                            array.name));
    }
    return fs::path(array.file).parent_path() / ".." / "policies" / (name + ".json");
}

// What the interface of a tap sends, that tap sees whatever its mirror loses.
void check_marker_senders(const Plan& plan, const profiles::JsonValue& at) {
    for (const PlanArray& array : plan.arrays) {
        for (const profiles::PortDescription& port : array.description.ports) {
            for (const PlanArray& other : plan.arrays) {
                for (const profiles::PortDescription& watched : other.description.ports) {
                    if (!port.markers_from.empty() && port.markers_from == watched.watched_by) {
                        at.fail(fmt::format("marker frames of \"{}\" from another interface than "
                                            "\"{}\", which watches \"{}\"",
                                            array.name,
                                            port.markers_from,
                                            other.name));
                    }
                }
            }
        }
    }
}

} // namespace

PlanEgress read_plan_egress(profiles::JsonObject in, const Plan& plan, const PlacedFile& placed) {
    PlanEgress out;
    if (const auto demand = in.optional("demand")) {
        out.demand_silence = demand->choice<bool>({{"silence", true}, {"nothing", false}});
    }
    if (const auto before = in.optional("before")) {
        out.before = before->duration(0ns, 24h * 7);
    }
    if (const auto after = in.optional("after")) {
        out.after = after->duration(0ns, 24h * 7);
    }
    if (const auto policies = in.optional("policies")) {
        for (const auto& [array, file] : policies->object().members()) {
            const std::string& name = array;
            if (std::none_of(plan.arrays.begin(), plan.arrays.end(), [&](const PlanArray& one) {
                    return one.name == name;
                })) {
                file.fail("the policy of an array of this plan");
            }
            out.policies[array].file =
                placed(fs::path(plan.file).parent_path() / file.text(), file);
        }
    }
    check_marker_senders(plan, in.self());
    for (const PlanArray& array : plan.arrays) {
        PlanEgress::Policy& policy = out.policies[array.name];
        if (policy.file.empty()) {
            policy.file = placed(declared_policy(array, in.self()), in.self());
        }
        policy.rules = profiles::read_policy(policy.file, plan.files);
    }
    in.finish();
    return out;
}

} // namespace bench::plan
