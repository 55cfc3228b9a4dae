// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/paired.h"

#include "results/numbers/resample.h"
#include "results/numbers/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace results {

namespace {

double weighted_mean(std::span<const double> values, Weights weights) {
    double sum = 0;
    double count = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        sum += values[i] * weights[i];
        count += weights[i];
    }
    return sum / count;
}

void set_intervals(PairedResult& out,
                   const std::vector<double>& sorted_logs,
                   const PairedSettings& settings) {
    const auto [low, high] = expanded_interval(sorted_logs, out.pairs, settings.confidence);
    const auto [low_90, high_90] = expanded_interval(sorted_logs, out.pairs, 0.90);
    out.low = std::exp(low);
    out.high = std::exp(high);
    out.low_90 = std::exp(low_90);
    out.high_90 = std::exp(high_90);
}

double log_ratio(double baseline, double candidate) {
    return std::log(std::max(candidate, 1.0)) - std::log(std::max(baseline, 1.0));
}

bool tail_is_measured(std::span<const Histogram* const> rounds, double quantile) {
    Histogram merged;
    for (const Histogram* round : rounds) {
        merged.merge(*round);
    }
    return percentile_of(merged, quantile).measured;
}

} // namespace

Word word_for(const PairedResult& result, const PairedSettings& settings) {
    if (result.pairs < pairs_for_word_min) {
        return Word::inconclusive;
    }
    const double above = 1 + settings.margin;
    const double below = 1 / above;
    if (result.low > above) {
        return settings.higher_is_better ? Word::better : Word::worse;
    }
    if (result.high < below) {
        return settings.higher_is_better ? Word::worse : Word::better;
    }
    return result.low_90 >= below && result.high_90 <= above ? Word::equivalent
                                                             : Word::inconclusive;
}

std::optional<PairedResult> compare_values(std::span<const ValuePair> pairs,
                                           const PairedSettings& settings) {
    std::vector<double> logs;
    for (const ValuePair& pair : pairs) {
        const double value = std::log(pair.candidate / pair.baseline);
        if (!(pair.baseline > 0) || !(pair.candidate > 0) || !std::isfinite(value)) {
            return std::nullopt;
        }
        logs.push_back(value);
    }
    if (logs.empty()) {
        return std::nullopt;
    }
    PairedResult out;
    out.pairs = static_cast<std::uint32_t>(logs.size());
    out.ratio =
        std::exp(std::accumulate(logs.begin(), logs.end(), 0.0) / static_cast<double>(logs.size()));
    set_intervals(out,
                  bootstrap(logs.size(),
                            settings.resamples,
                            settings.seed,
                            [&](Weights weights) { return weighted_mean(logs, weights); }),
                  settings);
    out.p_value =
        sign_flip_p_value(logs.size(), settings.seed + 1, [&](const std::vector<bool>& flips) {
            double sum = 0;
            for (std::size_t i = 0; i < logs.size(); ++i) {
                sum += flips[i] ? -logs[i] : logs[i];
            }
            return sum;
        });
    out.word = word_for(out, settings);
    return out;
}

std::optional<PairedResult> compare_quantiles(std::span<const HistogramPair> pairs,
                                              double quantile,
                                              const PairedSettings& settings) {
    std::vector<const Histogram*> both; // Baselines, then candidates: a flip swaps i and i + n.
    for (const HistogramPair& pair : pairs) {
        both.push_back(pair.baseline);
    }
    for (const HistogramPair& pair : pairs) {
        both.push_back(pair.candidate);
    }
    const std::size_t count = pairs.size();
    const std::span<const Histogram* const> all(both);
    if (count == 0 || !tail_is_measured(all.first(count), quantile) ||
        !tail_is_measured(all.last(count), quantile)) {
        return std::nullopt;
    }
    const WeightedRounds baselines(all.first(count));
    const WeightedRounds candidates(all.last(count));
    const auto effect = [&](Weights weights) {
        return log_ratio(baselines.quantile_ns(quantile, weights),
                         candidates.quantile_ns(quantile, weights));
    };
    PairedResult out;
    out.pairs = static_cast<std::uint32_t>(count);
    out.ratio = std::exp(effect(std::vector<std::uint32_t>(count, 1)));
    set_intervals(out, bootstrap(count, settings.resamples, settings.seed, effect), settings);

    const WeightedRounds pooled(all);
    std::vector<std::uint32_t> left(2 * count);
    std::vector<std::uint32_t> right(2 * count);
    out.p_value = sign_flip_p_value(count, settings.seed + 1, [&](const std::vector<bool>& flips) {
        for (std::size_t i = 0; i < count; ++i) {
            left[i] = right[i + count] = flips[i] ? 0 : 1;
            left[i + count] = right[i] = flips[i] ? 1 : 0;
        }
        return log_ratio(pooled.quantile_ns(quantile, left), pooled.quantile_ns(quantile, right));
    });
    out.word = word_for(out, settings);
    return out;
}

std::vector<double> holm(std::span<const double> p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return p_values[left] < p_values[right];
    });
    std::vector<double> out(p_values.size());
    double largest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const double scaled = p_values[order[rank]] * static_cast<double>(order.size() - rank);
        largest = std::max(largest, std::min(1.0, scaled));
        out[order[rank]] = largest;
    }
    return out;
}

std::optional<MeanInterval> mean_interval(std::span<const double> values,
                                          const PairedSettings& settings) {
    if (values.empty()) {
        return std::nullopt;
    }
    MeanInterval out;
    out.mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    const auto sorted =
        bootstrap(values.size(), settings.resamples, settings.seed, [&](Weights weights) {
            return weighted_mean(values, weights);
        });
    std::tie(out.low, out.high) = expanded_interval(sorted, values.size(), settings.confidence);
    return out;
}

std::optional<MeanInterval> quantile_interval(std::span<const Histogram* const> rounds,
                                              double quantile,
                                              const PairedSettings& settings) {
    if (rounds.empty() || !tail_is_measured(rounds, quantile)) {
        return std::nullopt;
    }
    const WeightedRounds merged(rounds);
    MeanInterval out;
    out.mean = merged.quantile_ns(quantile, std::vector<std::uint32_t>(rounds.size(), 1));
    const auto sorted =
        bootstrap(rounds.size(), settings.resamples, settings.seed, [&](Weights weights) {
            return merged.quantile_ns(quantile, weights);
        });
    std::tie(out.low, out.high) = expanded_interval(sorted, rounds.size(), settings.confidence);
    return out;
}

std::string word_text(Word word) {
    switch (word) {
    case Word::better:
        return "better";
    case Word::worse:
        return "worse";
    case Word::equivalent:
        return "equivalent";
    case Word::inconclusive:
        break;
    }
    return "inconclusive";
}

} // namespace results
