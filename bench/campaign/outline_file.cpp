// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/outline.h"

#include <nlohmann/json.hpp>

namespace bench::campaign {

std::string outline_json(const plan::Plan& plan, const Outline& outline) {
    using Json = nlohmann::ordered_json;
    Json out = {{"$schema", "arraybench/outline/1"},
                {"plan", plan.name},
                {"seed", std::to_string(plan.seed)},
                {"rounds", outline.rounds},
                {"duration_ns", outline.duration.count()},
                {"spare_duration_ns_max", outline.spare_duration.count()},
                {"capacity_duration_ns", outline.capacity_likely.count()},
                {"capacity_duration_ns_max", outline.capacity_most.count()},
                {"capacity_rounds_max", outline.capacity_rounds_most},
                {"arrays", Json::array()},
                {"remarks", outline.remarks}};
    for (const Outline::Target& target : outline.targets) {
        out["arrays"].push_back({{"name", target.array},
                                 {"transport", target.transport},
                                 {"emulated", target.emulated},
                                 {"writes_to", target.identity},
                                 {"rounds", target.rounds},
                                 {"bytes_written", target.bytes_written},
                                 {"bytes_read", target.bytes_read},
                                 {"bounded", target.is_bounded},
                                 {"not_watched", target.not_watched}});
    }
    return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace bench::campaign
