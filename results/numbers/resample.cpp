// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/resample.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace results {

namespace {

constexpr std::size_t exact_units_max = 12;
constexpr std::uint32_t drawn_patterns = 10'000;

// SplitMix64 (Steele, Lea, Flood 2014): a whole 64-bit state, the same on every platform.
class Chance {
public:
    explicit Chance(std::uint64_t seed)
        : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }

    std::size_t below(std::size_t limit) { // Bias below 2^-32: units are few.
        return static_cast<std::size_t>(((next() >> 32U) * limit) >> 32U);
    }

private:
    std::uint64_t state_;
};

double at_share(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(place));
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double part = place - std::floor(place);
    return sorted[below] + ((sorted[above] - sorted[below]) * part);
}

bool at_least(double value, double observed) { // Equal patterns may differ by rounding.
    return std::abs(value) >= std::abs(observed) * (1 - 1e-12);
}

} // namespace

std::vector<double> bootstrap(std::size_t units,
                              std::uint32_t resamples,
                              std::uint64_t seed,
                              const std::function<double(Weights)>& statistic) {
    Chance chance(seed);
    std::vector<std::uint32_t> weights(units);
    std::vector<double> out;
    out.reserve(resamples);
    for (std::uint32_t sample = 0; sample < resamples; ++sample) {
        std::fill(weights.begin(), weights.end(), 0U);
        for (std::size_t draw = 0; draw < units; ++draw) {
            ++weights[chance.below(units)];
        }
        out.push_back(statistic(weights));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::pair<double, double>
expanded_interval(const std::vector<double>& sorted, std::size_t units, double confidence) {
    double tail = (1 - confidence) / 2;
    if (units >= 2) {
        const auto n = static_cast<double>(units);
        const double t = boost::math::quantile(boost::math::students_t_distribution<>(n - 1), tail);
        tail = boost::math::cdf(boost::math::normal_distribution<>(), std::sqrt(n / (n - 1)) * t);
    }
    return {at_share(sorted, tail), at_share(sorted, 1 - tail)};
}

double sign_flip_p_value(std::size_t units,
                         std::uint64_t seed,
                         const std::function<double(const std::vector<bool>&)>& statistic) {
    std::vector<bool> flips(units, false);
    const double observed = statistic(flips);
    std::uint64_t extreme = 0;
    if (units <= exact_units_max) {
        const std::uint64_t patterns = 1ULL << units;
        for (std::uint64_t pattern = 0; pattern < patterns; ++pattern) {
            for (std::size_t unit = 0; unit < units; ++unit) {
                flips[unit] = ((pattern >> unit) & 1U) != 0;
            }
            extreme += at_least(statistic(flips), observed) ? 1U : 0U;
        }
        return static_cast<double>(extreme) / static_cast<double>(patterns);
    }
    Chance chance(seed);
    extreme = 1;
    for (std::uint32_t drawn = 0; drawn < drawn_patterns; ++drawn) {
        for (std::size_t unit = 0; unit < units; ++unit) {
            flips[unit] = (chance.next() >> 63U) != 0;
        }
        extreme += at_least(statistic(flips), observed) ? 1U : 0U;
    }
    return static_cast<double>(extreme) / (drawn_patterns + 1);
}

WeightedRounds::WeightedRounds(std::span<const Histogram* const> rounds) {
    std::map<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> bins;
    for (std::size_t round = 0; round < rounds.size(); ++round) {
        const Histogram& histogram = *rounds[round];
        totals_.push_back(histogram.count());
        const auto place = [&](std::uint64_t edge_ns, std::uint64_t count) {
            auto& row = bins.try_emplace(edge_ns, rounds.size(), 0U).first->second;
            row[round] += count;
        };
        for (const auto& [lower_ns, count] : histogram.bins()) {
            place(Histogram::bin_upper_edge_ns(lower_ns), count);
        }
        if (histogram.overflow() > 0) {
            place(histogram.max_ns(), histogram.overflow());
        }
    }
    std::vector<std::uint64_t> above(rounds.size(), 0); // Of all edges so far, this one included.
    for (const auto& [edge_ns, row] : bins) {
        edges_ns_.push_back(static_cast<double>(edge_ns));
        for (std::size_t round = 0; round < rounds.size(); ++round) {
            above[round] += row[round];
            at_or_above_.push_back(above[round]);
        }
    }
}

double WeightedRounds::quantile_ns(double quantile, Weights weights) const {
    const std::size_t rounds = totals_.size();
    double total = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        total += static_cast<double>(totals_[round]) * weights[round];
    }
    if (total == 0) {
        return 0;
    }
    const double wanted_below = std::max(1.0, std::ceil((quantile * total) - 1e-9));
    // The first edge, from above, without whose bin too few would lie below.
    std::size_t from = 0;
    std::size_t until = edges_ns_.size() - 1; // Without the lowest bin nothing lies below.
    while (from < until) {
        const std::size_t middle = (from + until) / 2;
        double above = 0;
        for (std::size_t round = 0; round < rounds; ++round) {
            above += static_cast<double>(at_or_above_[(middle * rounds) + round]) * weights[round];
        }
        if (total - above < wanted_below) {
            until = middle;
        } else {
            from = middle + 1;
        }
    }
    return edges_ns_[from];
}

} // namespace results
