// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/steady_state.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace bench::measure {

namespace {

// Least squares over x = 0, 1, 2 ...
double slope_of(std::span<const double> values, double mean) {
    const double middle = (static_cast<double>(values.size()) - 1) / 2;
    double covariance = 0;
    double variance = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double x = static_cast<double>(i) - middle;
        covariance += x * (values[i] - mean);
        variance += x * x;
    }
    return variance > 0 ? covariance / variance : 0;
}

} // namespace

Steadiness steadiness_of(std::span<const double> rounds, const SteadyRule& rule) {
    Steadiness out;
    out.rounds = rounds.size();
    if (rounds.size() < rule.window || rule.window < 2) {
        return out;
    }
    const auto last = rounds.last(rule.window);
    out.mean = std::accumulate(last.begin(), last.end(), 0.0) / static_cast<double>(last.size());
    if (!(out.mean > 0)) {
        return out; // Nothing got done: that is no steady state.
    }
    const auto [low, high] = std::minmax_element(last.begin(), last.end());
    out.range = (*high - *low) / out.mean;
    out.drift = slope_of(last, out.mean) * static_cast<double>(rule.window - 1) / out.mean;
    out.steady = out.range <= rule.range_max && std::abs(out.drift) <= rule.drift_max;
    return out;
}

bool SteadyState::add(double value) {
    rounds_.push_back(value);
    return now().steady || rounds_.size() >= rule_.rounds_max;
}

std::string Steadiness::text() const {
    return fmt::format("{} after {} rounds: range {:.1f} %, drift {:+.1f} % of the mean",
                       steady ? "steady" : "not steady",
                       rounds,
                       range * 100,
                       drift * 100);
}

} // namespace bench::measure
