// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/capacity_points.h"

#include "results/numbers/summary.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bench::campaign {

using results::CapacityPointRecord;
using results::CapacityRecord;
using results::CapacityStreamRecord;
using results::RoundRecord;

namespace {

constexpr std::array summed{"lost_pdus",
                            "lost_target_seconds",
                            "lost_case_seconds",
                            "seals_late",
                            "searches_over_limit",
                            "playbacks_over_limit"};
// Who lost something in one round may have done so in another too: their sum would count them
// twice.
constexpr std::array worst{"lost_targets", "lost_cases", "buffer_high_water_bytes", "buffer_bytes"};

std::map<std::string, double> measures_of(const std::vector<const RoundRecord*>& rounds) {
    std::map<std::string, double> out;
    for (const RoundRecord* round : rounds) {
        const auto take = [&](const char* name, const auto& join) {
            if (const auto found = round->measures.find(name); found != round->measures.end()) {
                out[name] = join(out[name], found->second);
            }
        };
        for (const char* name : summed) {
            take(name, [](double sum, double one) { return sum + one; });
        }
        for (const char* name : worst) {
            take(name, [](double most, double one) { return std::max(most, one); });
        }
    }
    return out;
}

CapacityStreamRecord stream_of(const std::vector<const RoundRecord*>& rounds,
                               const results::StreamRecord& named) {
    results::Histogram all;
    for (const RoundRecord* round : rounds) {
        for (const results::StreamRecord& stream : round->streams) {
            if (stream.name == named.name) {
                all.merge(stream.response_ns);
            }
        }
    }
    CapacityStreamRecord out;
    out.name = named.name;
    out.operation = named.operation;
    out.count = all.count();
    out.response_ns_p50 = results::measured_quantile_ns(all, 0.5);
    out.response_ns_p99 = results::measured_quantile_ns(all, 0.99);
    out.response_ns_p99_9 = results::measured_quantile_ns(all, 0.999);
    out.response_ns_max = all.max_ns();
    return out;
}

void tell_point(const std::vector<const RoundRecord*>& rounds, CapacityPointRecord& point) {
    point.measures = measures_of(rounds);
    point.streams.emplace();
    for (const results::StreamRecord& stream : rounds.front()->streams) {
        CapacityStreamRecord one = stream_of(rounds, stream);
        if (one.count > 0) {
            point.streams->push_back(std::move(one));
        }
    }
}

} // namespace

void tell_points(std::span<const RoundRecord> rounds, CapacityRecord& record) {
    for (CapacityPointRecord& point : record.points) {
        std::vector<const RoundRecord*> here;
        for (const RoundRecord& round : rounds) {
            if (round.array == record.array && round.workload == record.workload &&
                round.point_value == point.targets) {
                here.push_back(&round);
            }
        }
        if (!here.empty()) {
            tell_point(here, point);
        }
    }
}

} // namespace bench::campaign
