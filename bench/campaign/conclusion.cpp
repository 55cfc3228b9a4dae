// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/conclusion.h"

#include "bench/campaign/capacity_question.h"
#include "bench/campaign/egress_watch_record.h"
#include "bench/campaign/integrity_account.h"
#include "bench/judge/exit_code.h"
#include "bench/judge/judge.h"
#include "results/capacity_words.h"
#include "results/host_rows.h"
#include "results/numbers/paired.h"
#include "results/put_off.h"
#include "results/round_end.h"
#include "results/round_merge.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace bench::campaign {

namespace {

judge::Question question_of(const plan::Plan& plan) {
    judge::Question out;
    out.seed = plan.seed;
    for (const plan::PlanArray& array : plan.arrays) {
        out.arrays.push_back(array.name);
    }
    for (const plan::PlanWorkload& workload : plan.workloads) {
        out.workloads.push_back(workload.name);
    }
    for (const plan::LoadPoint& point : plan.points) {
        out.points.push_back(point.text);
    }
    for (const plan::PlanLimit& limit : plan.limits) {
        out.limits.push_back({plan::limit_text(limit),
                              limit.metric,
                              limit.workload,
                              limit.point,
                              limit.at_most,
                              limit.bound,
                              limit.demanded});
    }
    for (const plan::PlanMetric& metric : plan.metrics) {
        out.metrics.push_back({metric.metric, metric.margin, metric.primary});
    }
    return out;
}

// One host's part of a load, before it is merged with the others'.
bool is_part(const results::RunRecord& run) {
    return run.host.count(results::shard_key) > 0 && run.host.count(results::merged_key) == 0;
}

std::vector<std::string> not_seen_by(const plan::Plan& plan, const results::RunRecord& run) {
    std::vector<std::string> out = plan::plan_remarks(plan);
    if (plan.verify == plan::VerifyData::none || run.integrity.empty()) {
        out.emplace_back("data was not verified: a wrong block would not have been noticed");
    }
    if (run.egress.empty()) {
        out.emplace_back("no port was captured: nothing is known of what the arrays sent");
    }
    if (is_part(run)) {
        out.push_back(fmt::format("this is part {} of a load: limits and comparisons are for the "
                                  "parts together, after `arraybench merge`",
                                  run.host.at(results::shard_key)));
    }
    const bool by_several = std::any_of(
        run.rounds.begin(), run.rounds.end(), [](const auto& round) { return round.hosts; });
    if (by_several && plan::writes(plan) && !run.interrupted.empty()) {
        out.emplace_back("several hosts wrote: of one that was lost it is not known what it wrote, "
                         "and verify-data passes that over");
    }
    std::size_t compared = 0; // The search for capacity weighs its rounds by itself.
    std::size_t invalid = 0;
    for (const results::RoundRecord& round : run.rounds) {
        const bool searched = round.workload.starts_with("capacity: ");
        compared += searched ? 0U : 1U;
        invalid += searched || results::is_valid(round) ? 0U : 1U;
    }
    if (invalid > 0) {
        const std::size_t planned =
            plan.rounds * plan.arrays.size() * plan.workloads.size() * plan.points.size();
        out.push_back(
            fmt::format("{} of {} rounds do not count: the bench, the emulator or the "
                        "end of the run, not the array, decided their numbers{}",
                        invalid,
                        compared,
                        compared > planned
                            ? fmt::format("; {} spare rounds made up for them", compared - planned)
                            : ""));
    }
    std::uint32_t unclear = 0;
    for (const results::CapacityRecord& one : run.capacity) {
        for (const results::CapacityPointRecord& point : one.points) {
            unclear += point.unclear;
        }
    }
    if (unclear > 0) {
        out.push_back(fmt::format("{} rounds of the search for capacity failed for reasons that "
                                  "may have been the bench's; they were repeated",
                                  unclear));
    }
    for (const results::ArrayRecord& array : run.arrays) {
        if (array.emulated) {
            out.push_back(fmt::format(
                "{} is EMULATED: its speed is invented and says nothing of a product", array.name));
        }
    }
    return out;
}

std::string value_text(double value, const std::string& unit) {
    if (unit == "ns") {
        constexpr double ns_per_us = 1e3;
        constexpr double ns_per_ms = 1e6;
        constexpr double ns_per_s = 1e9;
        if (value < ns_per_ms) {
            return fmt::format("{:.1f} us", value / ns_per_us);
        }
        return value < ns_per_s ? fmt::format("{:.2f} ms", value / ns_per_ms)
                                : fmt::format("{:.2f} s", value / ns_per_s);
    }
    if (unit == "B/s") {
        constexpr double bytes_per_mib = 1048576;
        return fmt::format("{:.1f} MiB/s", value / bytes_per_mib);
    }
    return fmt::format("{:.6g}{}", value, unit);
}

const char* outcome_text(results::Outcome outcome) {
    switch (outcome) {
    case results::Outcome::pass:
        return "pass";
    case results::Outcome::fail:
        return "FAIL";
    case results::Outcome::inconclusive:
        return "inconclusive";
    case results::Outcome::not_measured:
        break;
    }
    return "not measured";
}

std::string verdict_line(const results::VerdictRecord& verdict) {
    std::string value = "-";
    if (verdict.outcome != results::Outcome::not_measured) {
        value = value_text(verdict.value, verdict.unit);
        if (verdict.low && verdict.high) {
            value += fmt::format(" [{} .. {}]",
                                 value_text(*verdict.low, verdict.unit),
                                 value_text(*verdict.high, verdict.unit));
        }
    }
    return fmt::format("  {:<12} {:<22} {:<16} {:<12} {}  {}{}{}\n",
                       outcome_text(verdict.outcome),
                       verdict.array,
                       verdict.workload,
                       verdict.point,
                       verdict.limit,
                       value,
                       verdict.reason.empty() ? "" : "; ",
                       verdict.reason);
}

std::string comparison_line(const results::ComparisonRecord& one) {
    const std::string metric = one.stream.empty() ? one.metric : one.stream + " " + one.metric;
    if (one.pairs == 0) {
        return fmt::format("  {:<12} {:<16} {:<12} {:<22} no valid pair measured it\n",
                           "not measured",
                           one.workload,
                           one.point,
                           metric);
    }
    return fmt::format("  {:<12} {:<16} {:<12} {:<22} {:.3f} [{:.3f} .. {:.3f}]  {} pairs{}, "
                       "margin {:.0f} %{}\n",
                       results::word_text(one.word),
                       one.workload,
                       one.point,
                       metric,
                       one.ratio,
                       one.low,
                       one.high,
                       one.pairs,
                       one.pairs < results::pairs_for_verdict_min ? " (indicative)" : "",
                       one.margin * 100,
                       one.noise_floor > 0 ? ", " + results::text::noise(one.noise_floor) : "");
}

std::string integrity_line(const results::IntegrityRecord& one, const results::RunRecord& run) {
    std::map<std::string, std::size_t> kinds;
    for (const results::RoundRecord& round : run.rounds) {
        for (const results::FindingRecord& finding : round.findings) {
            const bool counts = finding.area.empty() || finding.area == "integrity";
            if (counts && finding.array == one.array && finding.severity == "finding") {
                ++kinds[finding.kind];
            }
        }
    }
    std::string found;
    for (const auto& [kind, count] : kinds) {
        found += fmt::format("{}{} x {}", found.empty() ? "" : ", ", kind, count);
    }
    constexpr std::string_view never = "nothing: "; // Of all that might come before a check.
    const std::string checked = one.after.starts_with(never)
                                    ? one.after.substr(never.size())
                                    : fmt::format("checked after {}", one.after);
    return fmt::format("  {:<22} {} units checked, {} written; {}; {}\n",
                       one.array,
                       one.units_checked,
                       one.units_written,
                       found.empty() ? "nothing wrong" : "WRONG: " + found,
                       checked);
}

std::string capacity_lines(const results::RunRecord& run) {
    std::string out;
    for (const results::CapacityRecord& one : run.capacity) {
        const std::string interval = results::interval_text(one);
        const std::string cost = results::cost_text(one);
        out += fmt::format("  {:<22} {:<16} {:<16} {}{}{}{}\n",
                           one.array,
                           one.variant,
                           results::sustained_text(one),
                           one.indicative ? "indicative" : interval,
                           cost.empty() ? "" : "; " + cost,
                           one.limited_by.empty() ? "" : "; limited by " + one.limited_by,
                           one.reason.empty() ? "" : ": " + one.reason);
    }
    return out.empty() ? "" : "\ntargets sustained\n" + out;
}

std::string host_lines(const results::RunRecord& run) {
    namespace view = results::view;
    std::string out;
    for (const view::Load& load : view::loads(run)) {
        for (const std::string& array : view::array_names(run)) {
            for (const auto& row : view::host_rows(view::rounds_at(run, array, load))) {
                out += fmt::format("  {:<22} {:<24} {:<20} {} rounds; {} of {}, started late by "
                                   "{}, done after {}, slip P99 {}, lane {}, host CPU {}\n",
                                   array,
                                   view::name_of(load),
                                   row.host,
                                   row.rounds,
                                   row.achieved,
                                   row.offered,
                                   row.skew,
                                   row.done,
                                   row.slip,
                                   row.lane,
                                   row.cpu);
            }
        }
    }
    return out.empty() ? "" : "\nhosts\n" + out;
}

// Each candidate under a title of its own.
std::string comparison_lines(const results::RunRecord& run) {
    std::string out;
    for (const results::ComparisonRecord* pair : results::view::pairs_compared(run)) {
        out += fmt::format("\n{} against {}\n", pair->candidate, pair->baseline);
        for (const results::ComparisonRecord& one : run.comparisons) {
            if (one.candidate == pair->candidate && one.baseline == pair->baseline) {
                out += comparison_line(one);
            }
        }
    }
    return out;
}

} // namespace

void conclude(const plan::Plan& plan, results::RunRecord& run) {
    judge::Question question = question_of(plan);
    if (is_part(run)) { // What its rates and times are worth only all parts together can say.
        question.limits.clear();
        question.metrics.clear();
    }
    run.verdicts = judge::judge_limits(question, run.rounds);
    for (results::VerdictRecord& verdict : judge_egress(plan, run)) {
        run.verdicts.push_back(std::move(verdict));
    }
    run.comparisons = judge::compare_arrays(question, run.rounds);
    conclude_capacity(plan, run);
    run.integrity = integrity_of(plan, run.rounds);
    run.not_seen = not_seen_by(plan, run);
    const auto has_ended = [&run](const auto& how) {
        return how(results::end_of(run.interrupted)) ||
               std::any_of(run.rounds.begin(), run.rounds.end(), [&how](const auto& round) {
                   return how(results::end_of(round.ended));
               });
    };
    const bool array_lost = has_ended(results::is_by_array);
    const bool refused = has_ended([](auto end) { return end == results::RoundEnd::refused; });
    run.exit_code = judge::foremost_exit_code(
        {judge::exit_code_of(run, plan.type == plan::PlanType::a_against_a && !is_part(run)),
         array_lost ? judge::exit_array : judge::exit_passed,
         refused ? judge::exit_safety : judge::exit_passed,
         run.interrupted.starts_with("host") ? judge::exit_host : judge::exit_passed});
}

std::string conclusion_text(const results::RunRecord& run) {
    std::string out = fmt::format("{}: {} rounds, {}\n",
                                  run.plan_name,
                                  run.rounds.size(),
                                  run.complete ? "complete" : run.interrupted);
    for (const results::ArrayRecord& array : run.arrays) {
        out += fmt::format("  {:<22} {} {} over {}{}\n",
                           array.name,
                           array.vendor,
                           array.product,
                           array.transport,
                           array.emulated ? ", EMULATED" : "");
        if (const std::string text = results::put_off_text(run, array.name); !text.empty()) {
            out += fmt::format("  {:<22} {}\n", "", text);
        }
    }
    out += capacity_lines(run);
    if (!run.verdicts.empty()) {
        out += "\nlimits\n";
    }
    for (const results::VerdictRecord& verdict : run.verdicts) {
        out += verdict_line(verdict);
    }
    out += comparison_lines(run);
    if (!run.integrity.empty()) {
        out += "\ndata\n";
    }
    for (const results::IntegrityRecord& one : run.integrity) {
        out += integrity_line(one, run);
    }
    out += host_lines(run);
    if (!run.not_seen.empty()) {
        out += "\nnot seen\n";
    }
    for (const std::string& sentence : run.not_seen) {
        out += "  " + sentence + "\n";
    }
    return out;
}

} // namespace bench::campaign
