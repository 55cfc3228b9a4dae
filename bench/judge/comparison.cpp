// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/judge.h"
#include "results/numbers/paired.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace bench::judge {

using results::ComparisonRecord;
using results::Histogram;
using results::RoundRecord;
using results::Word;

namespace {

constexpr double significance = 0.05;

using RoundPair = std::pair<const RoundRecord*, const RoundRecord*>;

std::vector<const RoundRecord*> rounds_at(std::span<const RoundRecord> rounds,
                                          const std::string& array,
                                          const ComparisonRecord& place) {
    std::vector<const RoundRecord*> out;
    for (const RoundRecord& round : rounds) {
        if (round.array == array && round.workload == place.workload &&
            round.point == place.point && results::is_valid(round)) {
            out.push_back(&round);
        }
    }
    return out;
}

// Rounds of the same block: measured close together, in random order.
std::vector<RoundPair> pairs_at(std::span<const RoundRecord> rounds,
                                const ComparisonRecord& place) {
    std::map<std::uint32_t, const RoundRecord*> baselines;
    for (const RoundRecord* round : rounds_at(rounds, place.baseline, place)) {
        baselines[round->block] = round;
    }
    std::vector<RoundPair> out;
    for (const RoundRecord* round : rounds_at(rounds, place.candidate, place)) {
        const auto baseline = baselines.find(round->block);
        if (baseline != baselines.end()) {
            out.emplace_back(baseline->second, round);
        }
    }
    return out;
}

// Each array against itself: neighbouring rounds at the same point, which differ by noise alone.
std::vector<RoundPair> self_pairs_at(std::span<const RoundRecord> rounds,
                                     const ComparisonRecord& place) {
    std::vector<RoundPair> out;
    for (const std::string& array : {place.baseline, place.candidate}) {
        const auto own = rounds_at(rounds, array, place);
        for (std::size_t i = 0; i + 1 < own.size(); i += 2) {
            out.emplace_back(own[i], own[i + 1]);
        }
    }
    return out;
}

std::optional<results::PairedResult> compare(const std::vector<RoundPair>& pairs,
                                             const results::Metric& metric,
                                             const results::PairedSettings& settings) {
    if (const auto quantile = results::metric_quantile(metric)) {
        std::vector<std::pair<Histogram, Histogram>> kept;
        std::vector<results::HistogramPair> histograms;
        kept.reserve(pairs.size());
        for (const auto& [baseline, candidate] : pairs) {
            const auto& both = kept.emplace_back(results::metric_histogram(*baseline, metric),
                                                 results::metric_histogram(*candidate, metric));
            histograms.push_back({&both.first, &both.second});
        }
        return results::compare_quantiles(histograms, *quantile, settings);
    }
    std::vector<results::ValuePair> values;
    for (const auto& [baseline, candidate] : pairs) {
        const auto left = results::metric_value(*baseline, metric);
        const auto right = results::metric_value(*candidate, metric);
        if (left && right && *left > 0 && *right > 0) {
            values.push_back({*left, *right});
        }
    }
    return results::compare_values(values, settings);
}

void fill(ComparisonRecord& out,
          std::span<const RoundRecord> rounds,
          const ComparedMetric& asked,
          std::uint64_t seed) {
    results::PairedSettings settings;
    settings.margin = asked.margin;
    settings.higher_is_better = out.higher_is_better;
    settings.seed = seed;
    out.confidence = settings.confidence;
    const auto found = compare(pairs_at(rounds, out), asked.metric, settings);
    if (!found) {
        return; // Zero pairs: not measured.
    }
    out.ratio = found->ratio;
    out.low = found->low;
    out.high = found->high;
    out.pairs = found->pairs;
    out.p_value = found->p_value;
    out.p_value_holm = found->p_value;
    out.word = found->word;
    const auto noise = compare(self_pairs_at(rounds, out), asked.metric, settings);
    if (noise && noise->pairs > 1) {
        out.noise_floor = std::sqrt(noise->high / noise->low) - 1;
    }
}

void correct_primaries(std::vector<ComparisonRecord>& all) {
    std::vector<double> p_values;
    for (const ComparisonRecord& one : all) {
        if (one.primary) {
            p_values.push_back(one.p_value);
        }
    }
    const auto adjusted = results::holm(p_values);
    std::size_t next = 0;
    for (ComparisonRecord& one : all) {
        if (!one.primary) {
            continue;
        }
        one.p_value_holm = adjusted[next++];
        const bool claims = one.word == Word::better || one.word == Word::worse;
        if (claims && one.p_value_holm > significance) {
            one.word = Word::inconclusive;
        }
    }
}

} // namespace

std::vector<ComparisonRecord> compare_arrays(const Question& question,
                                             std::span<const RoundRecord> rounds) {
    std::vector<ComparisonRecord> out;
    const auto add = [&](const ComparedMetric& metric, ComparisonRecord one) {
        one.metric = results::metric_text(metric.metric);
        one.stream = metric.metric.stream;
        one.margin = metric.margin;
        one.primary = metric.primary;
        one.higher_is_better = results::higher_is_better(metric.metric);
        fill(one, rounds, metric, question.seed + out.size());
        out.push_back(std::move(one));
    };
    for (const ComparedMetric& metric : question.metrics) {
        for (const std::string& workload : question.workloads) {
            for (const std::string& point : question.points) {
                for (std::size_t i = 1; i < question.arrays.size(); ++i) {
                    ComparisonRecord one;
                    one.workload = workload;
                    one.point = point;
                    one.baseline = question.arrays[0];
                    one.candidate = question.arrays[i];
                    add(metric, std::move(one));
                }
            }
        }
    }
    correct_primaries(out);
    return out;
}

} // namespace bench::judge
