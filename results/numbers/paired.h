// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/numbers/histogram.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace results {

enum class Word : std::uint8_t { better, worse, equivalent, inconclusive };

// Two arrays, one pair of rounds: the unit of every comparison.
struct ValuePair {
    double baseline = 0;
    double candidate = 0;
};
struct HistogramPair {
    const Histogram* baseline = nullptr;
    const Histogram* candidate = nullptr;
};

// Fewer pairs than this reach no word at all (5 pairs can never reach p < 0.05: the least possible
// is 2/32); fewer than a verdict needs are called indicative.
inline constexpr std::uint32_t pairs_for_word_min = 6;
inline constexpr std::uint32_t pairs_for_verdict_min = 10;

struct PairedSettings {
    double margin = 0.05; // Ratios from 1/(1+margin) to 1+margin are as good as one.
    double confidence = 0.95;
    bool higher_is_better = false;
    std::uint32_t resamples = 10'000;
    std::uint64_t seed = 1;
};

// A ratio candidate / baseline with intervals. All chance comes from the seed.
struct PairedResult {
    double ratio = 1;
    double low = 1; // At the asked confidence.
    double high = 1;
    double low_90 = 1; // For equivalence: two one-sided tests at 5 %.
    double high_90 = 1;
    double p_value = 1; // Two-sided sign-flip test of "no difference".
    std::uint32_t pairs = 0;
    Word word = Word::inconclusive;
};

// Geometric mean of the pairs' ratios. None: no pairs, or a value that has no logarithm.
std::optional<PairedResult> compare_values(std::span<const ValuePair> pairs,
                                           const PairedSettings& settings);

// A tail: whole rounds are resampled, their histograms merged, then the quantile taken. None: no
// pairs, or fewer than 10 samples above the quantile on a side.
std::optional<PairedResult> compare_quantiles(std::span<const HistogramPair> pairs,
                                              double quantile,
                                              const PairedSettings& settings);

// better / worse: the interval lies wholly beyond the margin; equivalent: the 90 % interval lies
// wholly inside it; else inconclusive, and always so with too few pairs.
Word word_for(const PairedResult& result, const PairedSettings& settings);

// Holm's step-down adjustment; same order as given.
std::vector<double> holm(std::span<const double> p_values);

// A mean with its bootstrap interval, for one array's rounds against a limit.
struct MeanInterval {
    double mean = 0;
    double low = 0;
    double high = 0;
};
std::optional<MeanInterval> mean_interval(std::span<const double> values,
                                          const PairedSettings& settings);

// A merged quantile over rounds with its bootstrap interval. None: not measured.
std::optional<MeanInterval> quantile_interval(std::span<const Histogram* const> rounds,
                                              double quantile,
                                              const PairedSettings& settings);

std::string word_text(Word word);

} // namespace results
