// SPDX-License-Identifier: Apache-2.0
#include "profiles/zipf.h"

#include <algorithm>
#include <cmath>

namespace profiles {

namespace {

// Both tend to 1 at 0, where the quotient itself has no value: theta = 1 needs no case of its own.
double log1p_over(double x) {
    return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1.0 - x / 2;
}

double expm1_over(double x) {
    return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1.0 + x / 2;
}

} // namespace

Zipf::Zipf(std::uint64_t count, double theta) noexcept
    : count_(static_cast<double>(count))
    , theta_(theta)
    , integral_first_(integral(1.5) - 1.0)
    , integral_last_(integral(count_ + 0.5))
    , accept_within_(2.0 - inverse(integral(2.5) - density(2.0))) {}

double Zipf::density(double x) const noexcept {
    return std::exp(-theta_ * std::log(x));
}

double Zipf::integral(double x) const noexcept {
    const double log_x = std::log(x);
    return expm1_over((1.0 - theta_) * log_x) * log_x;
}

double Zipf::inverse(double y) const noexcept {
    const double t = std::max((1.0 - theta_) * y, -1.0);
    return std::exp(log1p_over(t) * y);
}

std::uint64_t Zipf::draw(Random& random) const noexcept {
    for (;;) {
        const double y = integral_last_ + random.fraction() * (integral_first_ - integral_last_);
        const double x = inverse(y);
        const double rank = std::clamp(std::floor(x + 0.5), 1.0, count_);
        if (rank - x <= accept_within_ || y >= integral(rank + 0.5) - density(rank)) {
            return static_cast<std::uint64_t>(rank) - 1;
        }
    }
}

} // namespace profiles
