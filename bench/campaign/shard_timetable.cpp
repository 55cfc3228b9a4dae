// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/shard_timetable.h"

#include "bench/campaign/interruption.h"
#include "bench/campaign/round_runner.h"
#include "results/round_merge.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr drivers::Duration between_rounds = 3s; // Late answers, lanes, files.

drivers::Duration slot_of(const plan::Plan& plan) {
    drivers::Duration out = plan.ramp + plan.duration + between_rounds;
    for (const plan::PlanPhase& phase : plan.phases) {
        out += phase.kind == plan::PhaseKind::verify ? phase.duration : drivers::Duration(0);
    }
    return out;
}

} // namespace

std::string shard_hindrance(const plan::Plan& plan) {
    if (plan.capacity) {
        return "a search for capacity asks each step for the last one's result";
    }
    const bool needs_knee =
        std::any_of(plan.points.begin(), plan.points.end(), [](const plan::LoadPoint& point) {
            return point.kind == plan::PointKind::knee_share;
        });
    if (needs_knee) {
        return "a share of the knee is found by measuring, and each host would find another";
    }
    if (plan.spare_rounds > 0) {
        return "spare rounds replace those that do not count, and each host would count others";
    }
    if (plan.egress) {
        return "what the arrays send is watched by one host for all";
    }
    if (plan.cross_check) {
        return "a cross-check holds one host's fio against the whole load";
    }
    if (plan.preconditioning && plan.preconditioning->steady_round.count() > 0) {
        return "steady state is found by measuring, and each host would find another";
    }
    for (const plan::PlanPhase& phase : plan.phases) {
        if (phase.disturbance) {
            return "what a disturbance costs is seen in all accesses together";
        }
    }
    for (const plan::PlanArray& array : plan.arrays) {
        if (array.description.emulated) {
            return fmt::format("{} is emulated, and every host would start one of its own; serve "
                               "it with `arraybench array` and name its URL",
                               array.name);
        }
    }
    return {};
}

ShardTimetable::ShardTimetable(const plan::Plan& plan,
                               HostShare share,
                               Instant start,
                               drivers::Clock& clock)
    : share_(share)
    , start_(start)
    , clock_(clock)
    , slot_(slot_of(plan)) {}

std::map<std::string, std::string> ShardTimetable::meet(const RunFolder& /*folder*/,
                                                        const Lab& /*lab*/) {
    return {{results::shard_key, fmt::format("{}/{}", share_.index + 1, share_.count)}};
}

void ShardTimetable::announce(const ArrayUnderTest& /*array*/, const LoadOrder& order) {
    round_ = order.round.value_or(0);
}

drivers::TimePoint ShardTimetable::start() {
    const Instant wanted = start_ + slot_ * static_cast<std::int64_t>(round_);
    constexpr drivers::Duration notice = 20ms;
    for (;;) {
        const drivers::Duration left = wanted - std::chrono::system_clock::now();
        if (left <= notice || Interruption::raised()) { // Late is seen in the merged run.
            return clock_.now() + std::max(left, drivers::Duration(0));
        }
        clock_.sleep_until(clock_.now() + std::min<drivers::Duration>(left - notice, 50ms));
    }
}

void ShardTimetable::gather(results::RoundRecord& /*round*/,
                            std::vector<WatchedAccess>& /*accesses*/) {}

} // namespace bench::campaign
