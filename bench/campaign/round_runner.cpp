// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/round_runner.h"

#include "bench/campaign/array_paths.h"
#include "bench/campaign/conductor.h"
#include "bench/campaign/data_watch.h"
#include "bench/campaign/disturbance_cost.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/platform_measures.h"
#include "bench/campaign/verify_phase.h"
#include "bench/campaign/watched_source.h"
#include "bench/plan/plan_capacity.h"
#include "drivers/api/errors.h"
#include "results/round_end.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <optional>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t watched_most = 4U << 20U;
constexpr double lateness_share_max = 0.05; // Of the service time; above, the emulator is too slow.

// How many accesses a disturbed round may bring, with room for luck.
std::size_t watched_accesses(const LoadOrder& order, std::uint32_t lanes) { // Of all hosts.
    const profiles::Offer offer = profiles::offer_of(order.workload);
    if (!offer.open_loop) {
        return watched_most / lanes;
    }
    const double seconds = std::chrono::duration<double>(order.ramp + order.duration).count();
    const double room = offer.is_exact ? 1.5 : 4; // A platform's traffic comes in bursts.
    const double expected = offer.rate_per_s * seconds * room / lanes;
    return static_cast<std::size_t>(std::min(static_cast<double>(watched_most), expected + 10'000));
}

std::size_t session_depth(const plan::Plan& plan,
                          const profiles::AnyWorkload& workload,
                          std::uint32_t lanes) { // Of all hosts.
    const profiles::Offer offer = profiles::offer_of(workload);
    const std::size_t asked = offer.open_loop ? 0 : offer.depth;
    return std::max<std::size_t>(plan.depth, (asked + lanes - 1) / lanes);
}

struct DisturbedRound {
    const std::vector<WatchedAccess>& accesses;
    const std::vector<Conductor::Done>& done;
    const std::vector<plan::PlanPhase>& phases;
    profiles::Duration late_after;
};

void add_disturbances(const DisturbedRound& seen, results::RoundRecord& round) {
    const auto& [accesses, done, phases, late_after] = seen;
    const profiles::Duration ramp(round.ramp_ns);
    const auto starts = phase_starts(phases, ramp);
    const profiles::Duration end = ramp + profiles::Duration(round.duration_ns);
    for (std::size_t i = 0; i < done.size(); ++i) {
        DisturbedStretch stretch;
        stretch.measured_from = i == 0 ? ramp : done[i - 1].at;
        if (done[i].phase > 0) { // Undisturbed is what came just before.
            stretch.measured_from = std::max(ramp, starts[done[i].phase - 1]);
        }
        stretch.at = done[i].at;
        stretch.until = i + 1 < done.size() ? done[i + 1].at : end;
        stretch.late_after = late_after;
        results::DisturbanceRecord cost = disturbance_cost(accesses, stretch);
        cost.name = done[i].name;
        cost.note = done[i].note;
        round.disturbances.push_back(std::move(cost));
    }
}

} // namespace

profiles::AnyWorkload
at_point(const profiles::AnyWorkload& workload, const plan::LoadPoint& point, double rate_per_s) {
    profiles::AnyWorkload out = workload;
    if (auto* platform = std::get_if<profiles::interception::PlatformWorkload>(&out)) {
        platform->parameters.scale = point.value / platform->parameters.targets;
        return out;
    }
    if (auto* video = std::get_if<profiles::interception::VideoWorkload>(&out)) {
        video->parameters.scale = point.value / video->parameters.cameras;
        return out;
    }
    if (auto* trace = std::get_if<profiles::trace::TraceWorkload>(&out)) {
        trace->speed = point.value;
        return out;
    }
    profiles::Arrivals& arrivals = std::get<profiles::Workload>(out).arrivals;
    if (point.kind == plan::PointKind::depth) {
        arrivals.pace = profiles::Pace::closed;
        arrivals.depth = static_cast<std::uint32_t>(point.value);
        return out;
    }
    if (arrivals.pace == profiles::Pace::closed) {
        arrivals.pace = profiles::Pace::poisson;
    }
    arrivals.rate_per_s = rate_per_s;
    return out;
}

profiles::AnyWorkload picked(const plan::Plan& plan, const WorkloadPick& pick) {
    if (pick.of_capacity) {
        const plan::CapacityVariant& variant = plan.capacity.value().variants.at(pick.place);
        profiles::interception::PlatformWorkload out = variant.workload;
        out.parameters = plan::platform_at(variant, pick.targets);
        return out;
    }
    const profiles::AnyWorkload& workload = plan.workloads.at(pick.place).workload;
    return pick.as_it_is ? workload : at_point(workload, pick.point, pick.rate_per_s);
}

void heed_end(const std::string& array, const results::RoundRecord& round) {
    const results::RoundEnd end = results::end_of(round.ended);
    if (end == results::RoundEnd::refused) {
        throw drivers::SafetyError(fmt::format("{}: {}", array, results::reason_of(round.ended)));
    }
    if (end == results::RoundEnd::array_broke_protocol) {
        throw drivers::ProtocolError(fmt::format("{}: {}", array, results::reason_of(round.ended)));
    }
    if (end == results::RoundEnd::array_lost) {
        throw drivers::ArrayError(fmt::format("{}: {}", array, results::reason_of(round.ended)));
    }
}

std::string emulator_bottleneck(const drivers::array::EmulatorCounts& counts) {
    const auto lateness_ns = counts.array.lateness_p99.count();
    const auto service_ns = counts.service_p50.count();
    // What is late by less than this the host's scheduler alone can do.
    constexpr double lateness_ns_min = 100'000;
    const double bound_ns =
        std::max(static_cast<double>(service_ns) * lateness_share_max, lateness_ns_min);
    if (static_cast<double>(lateness_ns) <= bound_ns) {
        return {};
    }
    return fmt::format("the emulated array was the bottleneck: its answers were late by {} us "
                       "(P99), more than 5 % of its service time ({} us)",
                       lateness_ns / 1000,
                       service_ns / 1000);
}

RoundRunner::RoundRunner(const plan::Plan& plan,
                         Lab& lab,
                         RunJournal& journal,
                         drivers::Clock& clock,
                         OtherHosts* others)
    : plan_(plan)
    , lab_(lab)
    , journal_(journal)
    , clock_(clock)
    , others_(others) {}

std::vector<load::Lane> RoundRunner::lanes_for(ArrayUnderTest& array, const LoadOrder& order) {
    profiles::WorkingSet set;
    set.size_bytes = lab_.working_set_bytes(order.workload);
    set.block_bytes = array.report.geometry.block_bytes;
    std::vector<load::Lane> out;
    const HostShare own = share();
    const std::uint32_t all_lanes = plan_.lanes * own.count;
    for (std::uint32_t i = 0; i < plan_.lanes; ++i) {
        load::Lane lane;
        lane.drivers.push_back(array.open(session_depth(plan_, order.workload, all_lanes), clock_));
        lane.source = profiles::make_source(
            order.workload, set, order.seed, {own.index * plan_.lanes + i, all_lanes});
        if (!order.phases.empty()) {
            lane.source = std::make_unique<WatchedSource>(
                std::move(lane.source), watched_accesses(order, all_lanes), clock_);
        }
        lane.access_bytes_max = profiles::largest_access_bytes(order.workload);
        lane.reduction = profiles::reduction_of(order.workload);
        lane.content_seed = profiles::mixed(order.seed) + own.index * plan_.lanes + i;
        out.push_back(std::move(lane));
    }
    return out;
}

load::LoadSettings RoundRunner::settings_for(const ArrayUnderTest& array,
                                             const LoadOrder& order,
                                             const OnInterval& on_interval) {
    load::LoadSettings out;
    out.ramp = order.ramp;
    out.duration = order.duration;
    out.interval = plan_.interval;
    const profiles::Offer offer = profiles::offer_of(order.workload);
    out.offered_per_s = offer.open_loop ? offer.rate_per_s / share().count : 0;
    out.offers_own_schedule = offer.open_loop && !offer.is_exact;
    out.limits.ahead_of_others =
        offer.open_loop || array.paths.front().kind != plan::UrlKind::block_device;
    out.stop = &Interruption::flag();
    out.on_interval = on_interval;
    if (others_ != nullptr) {
        out.keeps_interval_histograms = true;
        out.start = [this] {
            return others_->start();
        };
        out.started = [this](drivers::TimePoint at) {
            others_->started(at);
        };
    }
    return out;
}

void RoundRunner::gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses) {
    if (others_ != nullptr) {
        others_->gather(round, accesses);
    }
}

results::RoundRecord
RoundRunner::load(ArrayUnderTest& array, const LoadOrder& order, const OnInterval& on_interval) {
    if (others_ != nullptr) {
        others_->announce(array, order);
    }
    refill(array, order.workload, on_interval);
    if (array.child && array.child->alive()) {
        array.child->emulator_counts(); // Its times count from one question to the next.
    }
    std::vector<load::Lane> lanes = lanes_for(array, order);
    const DataWatch data({plan_, lab_, array, share()}, lanes, order.workload);
    const load::LoadSettings settings = settings_for(array, order, on_interval);
    if (!order.phases.empty()) {
        return run_disturbed(array, order, {lanes, settings, data});
    }
    results::RoundRecord out = load::run_load(lanes, settings, clock_);
    count_paths(array, lanes, out);
    data.tell("load", out);
    std::vector<WatchedAccess> nothing_watched;
    gather(out, nothing_watched);
    add_platform_measures(order.workload, out);
    return out;
}

results::RoundRecord
RoundRunner::run_disturbed(ArrayUnderTest& array, const LoadOrder& order, const Opened& opened) {
    std::vector<load::Lane>& lanes = opened.lanes;
    std::vector<const WatchedSource*> watched;
    watched.reserve(lanes.size());
    for (const load::Lane& lane : lanes) {
        watched.push_back(static_cast<const WatchedSource*>(lane.source.get()));
    }
    std::optional<Conductor> conductor;
    if (share().index == 0) { // One host disturbs for all.
        Score score{order.phases, order.ramp, &array, &Interruption::flag()};
        if (on_phase_) {
            score.on_phase = [this, &array](const std::string& phase) {
                on_phase_(array.planned->name, phase);
            };
        }
        conductor.emplace(std::move(score), *watched.front(), journal_, clock_);
    }
    results::RoundRecord out = load::run_load(lanes, opened.settings, clock_);
    if (conductor) {
        try {
            conductor->finish();
        } catch (const std::runtime_error&) { // Not in place of why nothing more may be written.
            heed_end(array.planned->name, out);
            throw;
        }
    }
    count_paths(array, lanes, out);
    opened.data.tell("", out);
    std::vector<WatchedAccess> accesses;
    for (const WatchedSource* one : watched) {
        accesses.insert(accesses.end(), one->accesses().begin(), one->accesses().end());
        if (one->unwatched() > 0) {
            out.audit.invalid.push_back(fmt::format(
                "{} accesses more than the disturbance's watch can hold", one->unwatched()));
        }
    }
    gather(out, accesses);
    add_platform_measures(order.workload, out);
    mark_phases(out.intervals, order.phases, order.ramp);
    mark_findings(out);
    if (conductor) {
        add_disturbances({accesses, conductor->done(), order.phases, plan_.late_after}, out);
    }
    return out;
}

results::RoundRecord RoundRunner::measure(const PlannedRound& planned,
                                          double rate_per_s,
                                          const OnInterval& on_interval) {
    ArrayUnderTest& array = lab_.arrays()[planned.array];
    const plan::LoadPoint& point = plan_.points[planned.point];
    LoadOrder order;
    order.pick = {false, planned.workload, false, point, rate_per_s, 0};
    order.round = planned.index;
    order.workload = picked(plan_, order.pick);
    order.seed = planned.seed;
    order.ramp = plan_.ramp;
    order.duration = plan_.duration;
    order.phases = plan_.phases;
    results::RoundRecord out = measure(array, order, on_interval);
    out.index = planned.index;
    out.block = planned.block;
    out.workload = plan_.workloads[planned.workload].name;
    out.point = point.text;
    const bool is_rate =
        point.kind == plan::PointKind::rate || point.kind == plan::PointKind::knee_share;
    out.point_value = is_rate ? rate_per_s : point.value;
    return out;
}

results::RoundRecord
RoundRunner::measure(ArrayUnderTest& array, const LoadOrder& order, const OnInterval& on_interval) {
    results::RoundRecord out = load(array, order, on_interval);
    out.array = array.planned->name;
    out.seed = order.seed;
    count_emulator(array, out);
    if (!order.phases.empty() && order.phases.back().kind == plan::PhaseKind::verify &&
        out.ended == "complete") {
        journal_.note("phase", {{"array", array.planned->name}, {"phase", "verify"}});
        if (on_phase_) {
            on_phase_(array.planned->name, "verify");
        }
        if (others_ != nullptr) {
            others_->announce_verify(array, order.phases.back(), out);
        }
        verify_phase(array, {order.phases.back(), share().count > 1}, clock_, out);
        if (others_ != nullptr) {
            others_->gather_verified(out);
        }
    }
    return out;
}

void RoundRunner::count_emulator(const ArrayUnderTest& array, results::RoundRecord& round) const {
    if (!array.child) {
        return;
    }
    if (!array.child->alive() && results::end_of(round.ended) != results::RoundEnd::refused) {
        round.ended = "array lost: the emulated array's process has ended";
    }
    if (!array.child->alive()) {
        return;
    }
    const auto counts = array.child->emulator_counts();
    if (counts.writes_to_another_lun > 0) {
        round.measures[writes_to_another_lun] = static_cast<double>(counts.writes_to_another_lun);
    }
    round.audit.emulator_lateness_ns_p99 =
        static_cast<std::uint64_t>(counts.array.lateness_p99.count());
    round.audit.emulator_service_ns_p50 = static_cast<std::uint64_t>(counts.service_p50.count());
    if (std::string why = emulator_bottleneck(counts); !why.empty()) {
        round.audit.invalid.push_back(std::move(why));
    }
}

} // namespace bench::campaign
