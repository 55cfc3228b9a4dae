// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/knee.h"
#include "bench/campaign/round_runner.h"
#include "bench/campaign/spare_rounds.h"
#include "drivers/api/errors.h"
#include "results/metric.h"
#include "results/run_record_file.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

void Campaign::with_array(const std::string& array, const std::function<void()>& act) {
    if (is_left_out(array)) {
        return;
    }
    try {
        act();
    } catch (const drivers::ProtocolError& error) {
        progress_.end();
        left_out_[array] = error.what();
        journal_.note("array left out", {{"array", array}, {"reason", error.what()}});
        if (left_out_.size() == plan_.arrays.size()) {
            throw; // Nothing is left to measure.
        }
    }
}

std::string Campaign::who_was_left_out() const {
    std::string out;
    for (const auto& [array, what] : left_out_) {
        const bool is_named = what.starts_with(array + ": ");
        out += fmt::format("{}{}{}", out.empty() ? "" : "; ", is_named ? "" : array + ": ", what);
    }
    return out;
}

void Campaign::run_rounds(Lab& lab, RoundRunner& runner) {
    for (const PlannedRound& planned : order_) {
        if (Interruption::raised()) {
            return;
        }
        const std::string& array = plan_.arrays[planned.array].name;
        if (!is_done(planned.index, array)) {
            with_array(array, [&] { run_round(lab, runner, planned); });
        }
    }
}

void Campaign::run_spare_rounds(Lab& lab, RoundRunner& runner) {
    if (plan_.spare_rounds == 0) {
        return;
    }
    auto rounds = results::read_rounds(folder_.path()); // Of an earlier part of the run too.
    for (const PlannedRound& spare : order_spare_rounds(plan_)) {
        if (Interruption::raised()) {
            return;
        }
        const std::string& array = plan_.arrays[spare.array].name;
        if (is_wanted(plan_, spare, rounds) && !is_done(spare.index, array)) {
            with_array(array, [&] { rounds.push_back(run_round(lab, runner, spare)); });
        }
    }
}

double Campaign::rate_for(Lab& lab, RoundRunner& runner, const PlannedRound& planned) {
    const plan::LoadPoint& point = plan_.points[planned.point];
    if (point.kind != plan::PointKind::knee_share) {
        return point.value;
    }
    ArrayUnderTest& array = lab.arrays()[planned.array];
    const plan::PlanWorkload& workload = plan_.workloads[planned.workload];
    const std::string key = knee_key(array.planned->name, workload.name);
    const auto known = earlier_.knees.find(key);
    if (known != earlier_.knees.end()) {
        return known->second * point.value;
    }
    const auto trial = [&](double rate_per_s) -> std::optional<KneeTrial> {
        LoadOrder order;
        order.pick = {false, planned.workload, false, point, rate_per_s, 0};
        order.workload = picked(plan_, order.pick);
        order.seed = planned.seed;
        order.ramp = plan_.ramp;
        order.duration = plan_.duration;
        const auto seen = runner.load(array, order, [&](const results::IntervalRecord&) {
            progress_.now(fmt::format("looking for the knee at {:.0f}/s", rate_per_s));
        });
        heed_end(array.planned->name, seen);
        if (seen.ended != "complete" || seen.audit.scheduled == 0) {
            return std::nullopt;
        }
        const results::Metric all{"", results::Quantity::response, "p99", ""};
        const auto response_ns = results::metric_histogram(seen, all);
        return KneeTrial{rate_per_s * static_cast<double>(seen.audit.completed) /
                             static_cast<double>(seen.audit.scheduled),
                         static_cast<double>(response_ns.quantile_ns(0.99))};
    };
    const auto knee = find_knee(plan_.knee, trial);
    if (!knee) {
        throw drivers::ArrayError(
            fmt::format("{}: no knee for {}: not even {}/s are served within {} ns at P99",
                        array.planned->name,
                        workload.name,
                        plan_.knee.rate_from_per_s,
                        plan_.knee.p99_at_most.count()));
    }
    journal_.note("knee",
                  {{"array", array.planned->name},
                   {"workload", workload.name},
                   {"rate_per_s", fmt::format("{}", *knee)}});
    earlier_.knees[key] = *knee;
    return *knee * point.value;
}

results::RoundRecord
Campaign::run_round(Lab& lab, RoundRunner& runner, const PlannedRound& planned) {
    const std::string& array = plan_.arrays[planned.array].name;
    progress_.begin(fmt::format("{} {}/{}  {}  {}  {}",
                                planned.index < order_.size() ? "round" : "spare round",
                                planned.index + 1,
                                std::max(order_.size(), planned.index + std::size_t{1}),
                                array,
                                plan_.workloads[planned.workload].name,
                                plan_.points[planned.point].text),
                    round_length());
    const double rate_per_s = rate_for(lab, runner, planned);
    journal_.note("round started", {{"index", std::to_string(planned.index)}, {"array", array}});
    if (egress_) {
        // Spare rounds come because of what was seen, not by chance.
        const bool drawn = plan_.order == plan::Order::random && planned.index < order_.size();
        egress_->begin_round(array, "load", drawn ? std::optional(planned.block) : std::nullopt);
    }
    results::RoundRecord round = runner.measure(planned, rate_per_s, shown_in(""));
    if (egress_) {
        egress_->end_round(round);
    }
    keep_round(lab, round);
    return round;
}

} // namespace bench::campaign
