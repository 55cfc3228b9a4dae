// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/persona/distribution.h"

#include <cmath>
#include <numeric>

namespace drivers::array {

namespace {

constexpr double normal_p99 = 2.3263478740408408;

double normal_quantile(double share) { // The inverse of the distribution function, by bisection.
    double low = -10;
    double high = 10;
    for (int step = 0; step < 60; ++step) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
    }
    return (low + high) / 2;
}

double quantile(const DistributionSettings& settings, double share) {
    const auto median = static_cast<double>(settings.median.count());
    if (settings.shape == Shape::exponential) {
        return -std::log1p(-share) * median / std::log(2.0);
    }
    const double spread = std::log(static_cast<double>(settings.p99.count()) / median) / normal_p99;
    return median * std::exp(spread * normal_quantile(share));
}

} // namespace

Distribution::Distribution(const DistributionSettings& settings)
    : fixed_(settings.median)
    , mean_(settings.median) {
    const bool varies = settings.shape == Shape::exponential ||
                        (settings.shape == Shape::lognormal && settings.p99 > settings.median);
    if (settings.is_nothing() || !varies) {
        return;
    }
    constexpr std::size_t count = std::size_t{1} << quantile_bits;
    quantiles_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
        quantiles_.push_back(std::llround(quantile(settings, share)));
    }
    mean_ = Duration(std::accumulate(quantiles_.begin(), quantiles_.end(), std::int64_t{0}) /
                     static_cast<std::int64_t>(count));
}

} // namespace drivers::array
