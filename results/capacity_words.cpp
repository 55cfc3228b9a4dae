// SPDX-License-Identifier: Apache-2.0
#include "results/capacity_words.h"

#include "results/text/human.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace results {

namespace {

std::string whole(double targets) {
    return text::grouped(static_cast<std::uint64_t>(std::llround(std::max(targets, 0.0))));
}

std::string signed_whole(double targets) {
    return (targets <= -0.5 ? "-" : "") + whole(std::abs(targets));
}

} // namespace

std::string sustained_text(const CapacityRecord& one) {
    if (!one.measured) {
        return "not measured";
    }
    if (one.targets == 0) {
        return "fewer than " + whole(one.offered_from);
    }
    return (one.ended_by == "array" ? "" : "at least ") + whole(one.targets);
}

std::string interval_text(const CapacityRecord& one) {
    const std::string sure =
        one.confidence ? fmt::format(" ({:.0f} %)", *one.confidence * 100) : std::string();
    if (one.interval_low && one.interval_high) {
        return whole(*one.interval_low) + " to " + whole(*one.interval_high) + sure;
    }
    if (one.interval_low) {
        return "above " + whole(*one.interval_low) + sure;
    }
    return one.interval_high ? "below " + whole(*one.interval_high) + sure : "";
}

std::string cost_text(const CapacityRecord& one) {
    if (one.cost_targets) {
        const double cost = *one.cost_targets;
        const std::string range = one.cost_low && one.cost_high
                                      ? fmt::format(" ({} to {})",
                                                    signed_whole(*one.cost_low),
                                                    signed_whole(*one.cost_high))
                                      : "";
        return (cost > 0   ? "costs " + whole(cost) + " targets"
                : cost < 0 ? "frees " + whole(-cost) + " targets"
                           : std::string("costs no targets")) +
               range;
    }
    if (one.cost_at_least && one.targets == 0) { // Not even the least that the plan offers.
        return *one.cost_at_least > 0 ? "costs more than " + whole(*one.cost_at_least) + " targets"
                                      : "costs some targets";
    }
    if (one.cost_at_least) {
        return *one.cost_at_least > 0 ? "costs at least " + whole(*one.cost_at_least) + " targets"
                                      : "may cost some targets";
    }
    if (one.cost_at_most) {
        return *one.cost_at_most < 0 ? "frees at least " + whole(-*one.cost_at_most) + " targets"
                                     : "costs at most " + whole(*one.cost_at_most) + " targets";
    }
    return "";
}

std::vector<std::string> capacity_point_columns() {
    return {"Targets",
            "Rounds sustained",
            "PDUs lost",
            "Targets that lost",
            "Target seconds lost",
            "Cases that lost",
            "Case seconds lost",
            "Buffer used at most",
            "Seals late",
            "Searches late",
            "Playbacks late"};
}

std::vector<std::string> capacity_point_cells(const CapacityPointRecord& point) {
    const auto measures = point.measures.value_or(std::map<std::string, double>{});
    const auto measure = [&](const char* name) {
        const auto found = measures.find(name);
        return found == measures.end() ? std::nullopt : std::optional(found->second);
    };
    const auto count = [&](const char* name) {
        const auto value = measure(name);
        return value ? whole(*value) : std::string("-");
    };
    const auto held = measure("buffer_high_water_bytes");
    const auto room = measure("buffer_bytes");
    return {
        whole(point.targets),
        fmt::format("{} of {}", point.sustained, point.sustained + point.failed + point.unclear),
        count("lost_pdus"),
        count("lost_targets"),
        count("lost_target_seconds"),
        count("lost_cases"),
        count("lost_case_seconds"),
        held && room && *room > 0 ? text::percent(*held / *room, 2) : "-",
        count("seals_late"),
        count("searches_over_limit"),
        count("playbacks_over_limit")};
}

} // namespace results
