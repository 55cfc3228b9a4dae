// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/judge.h"
#include "results/numbers/paired.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace bench::judge {

using results::Outcome;
using results::RoundRecord;
using results::VerdictRecord;

namespace {

bool applies(const std::string& asked, const std::string& here) {
    return asked.empty() || asked == here;
}

bool is_at(const RoundRecord& round, const VerdictRecord& verdict) {
    return round.array == verdict.array && round.workload == verdict.workload &&
           round.point == verdict.point;
}

// What a platform lost or delivered late. Unlike an error, a bench that was slow can have caused
// it.
bool is_loss(const results::Metric& metric) {
    return metric.quantity == results::Quantity::named &&
           (metric.name.starts_with("lost_") || metric.name == "seals_late" ||
            metric.name == "searches_over_limit" || metric.name == "playbacks_over_limit");
}

// A count of things that went wrong: the worst round stands, no interval is needed.
bool is_count(const results::Metric& metric) {
    using results::Quantity;
    return metric.quantity == Quantity::errors || metric.quantity == Quantity::late ||
           metric.quantity == Quantity::lost || is_loss(metric);
}

void set_count(VerdictRecord& verdict, const std::vector<double>& values) {
    verdict.value = std::accumulate(values.begin(), values.end(), 0.0);
    verdict.reason = "counted over all rounds";
}

void set_interval(VerdictRecord& verdict, const results::MeanInterval& found, std::size_t rounds) {
    verdict.value = found.mean;
    if (rounds > 1) {
        verdict.low = found.low;
        verdict.high = found.high;
    } else {
        verdict.reason = "one round: no interval";
    }
}

void decide(VerdictRecord& verdict, const Limit& limit) {
    const double low = verdict.low.value_or(verdict.value);
    const double high = verdict.high.value_or(verdict.value);
    const bool passes = limit.at_most ? high <= limit.bound : low >= limit.bound;
    const bool fails = limit.at_most ? low > limit.bound : high < limit.bound;
    verdict.outcome = passes ? Outcome::pass : fails ? Outcome::fail : Outcome::inconclusive;
    if (verdict.outcome == Outcome::inconclusive) {
        verdict.reason = "the interval over rounds holds the bound";
    }
}

// Why there are no values, in words for the report.
std::string reason_for_none(std::span<const RoundRecord> rounds, const VerdictRecord& verdict) {
    std::string reason = "no round was run";
    for (const RoundRecord& round : rounds) {
        if (!is_at(round, verdict)) {
            continue;
        }
        if (results::is_valid(round)) {
            return "too few samples, or nothing to measure it by, in any round";
        }
        reason = round.audit.invalid.empty() ? round.ended : round.audit.invalid.front();
    }
    return reason == "no round was run" ? reason : "no valid round: " + reason;
}

void measure(VerdictRecord& verdict,
             const Limit& limit,
             std::span<const RoundRecord> rounds,
             const results::PairedSettings& chance) {
    std::vector<results::Histogram> histograms;
    std::vector<double> values;
    values.reserve(rounds.size());
    const auto quantile = results::metric_quantile(limit.metric);
    for (const RoundRecord& round : rounds) {
        // An error is an error, however late the bench asked.
        const bool counts_always = is_count(limit.metric) && !is_loss(limit.metric);
        if (!is_at(round, verdict) || !(results::is_valid(round) || counts_always)) {
            continue;
        }
        if (quantile) {
            histograms.push_back(results::metric_histogram(round, limit.metric));
        } else if (const auto value = results::metric_value(round, limit.metric)) {
            values.push_back(*value);
        }
    }
    std::optional<results::MeanInterval> found;
    if (quantile) {
        std::vector<const results::Histogram*> pointers;
        pointers.reserve(histograms.size());
        for (const results::Histogram& histogram : histograms) {
            pointers.push_back(&histogram);
        }
        found = results::quantile_interval(pointers, *quantile, chance);
    } else {
        found = results::mean_interval(values, chance);
    }
    if (!found) {
        verdict.outcome = Outcome::not_measured;
        verdict.reason = reason_for_none(rounds, verdict);
        return;
    }
    if (is_count(limit.metric)) {
        set_count(verdict, values);
    } else {
        set_interval(verdict, *found, quantile ? histograms.size() : values.size());
    }
    decide(verdict, limit);
}

} // namespace

std::vector<VerdictRecord> judge_limits(const Question& question,
                                        std::span<const RoundRecord> rounds) {
    std::vector<VerdictRecord> out;
    results::PairedSettings chance;
    chance.seed = question.seed;
    const auto judge_one = [&](const Limit& limit, VerdictRecord verdict) {
        verdict.limit = limit.text;
        verdict.bound = limit.bound;
        verdict.unit = results::metric_unit(limit.metric);
        verdict.confidence = chance.confidence;
        verdict.demanded = limit.demanded;
        ++chance.seed;
        measure(verdict, limit, rounds, chance);
        out.push_back(std::move(verdict));
    };
    for (const Limit& limit : question.limits) {
        for (const std::string& workload : question.workloads) {
            for (const std::string& point : question.points) {
                if (!applies(limit.workload, workload) || !applies(limit.point, point)) {
                    continue;
                }
                for (const std::string& array : question.arrays) {
                    VerdictRecord verdict;
                    verdict.array = array;
                    verdict.workload = workload;
                    verdict.point = point;
                    judge_one(limit, std::move(verdict));
                }
            }
        }
    }
    return out;
}

} // namespace bench::judge
