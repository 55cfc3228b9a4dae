// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/numbers/histogram.h"

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace results {

// How often each unit was drawn.
using Weights = std::span<const std::uint32_t>;

// `resamples` draws with replacement of `units` units; returns the sorted values of `statistic`.
std::vector<double> bootstrap(std::size_t units,
                              std::uint32_t resamples,
                              std::uint64_t seed,
                              const std::function<double(Weights)>& statistic);

// The interval of a sorted bootstrap distribution, widened for few units (Hesterberg 2015: the
// percentile interval of n units is too narrow by about sqrt((n-1)/n) and by normal instead of t).
std::pair<double, double>
expanded_interval(const std::vector<double>& sorted, std::size_t units, double confidence);

// Share of sign patterns whose |statistic| is at least the observed one: every pattern up to 12
// units, else 10,000 drawn ones (the observed pattern counted in). A set flag flips its pair.
double sign_flip_p_value(std::size_t units,
                         std::uint64_t seed,
                         const std::function<double(const std::vector<bool>&)>& statistic);

// Rounds' histograms side by side, so that a weighted merge's quantile costs a search over its
// bins, not a merge.
class WeightedRounds {
public:
    explicit WeightedRounds(std::span<const Histogram* const> rounds);

    // Quantile of the merge in which round i stands weights[i] times, as the bin's upper edge; 0
    // when nothing is there.
    double quantile_ns(double quantile, Weights weights) const;

private:
    std::vector<std::uint64_t> totals_;
    std::vector<double> edges_ns_;           // Descending.
    std::vector<std::uint64_t> at_or_above_; // Samples of each round, edges x rounds.
};

} // namespace results
