// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/numbers/histogram.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace results {

// A percentile with fewer samples above it than this is luck, not a measurement.
inline constexpr std::uint64_t samples_above_min = 10;

// What every report prints.
inline constexpr std::array<double, 7> reported_quantiles{
    0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999};

struct Percentile {
    double quantile = 0;
    std::uint64_t value_ns = 0;
    std::uint64_t samples_above = 0;
    bool measured = false; // False: too few samples above; `value_ns` must not be shown as a value.
};

struct Summary {
    std::uint64_t count = 0;
    std::uint64_t overflow = 0;
    std::uint64_t min_ns = 0;
    std::uint64_t max_ns = 0;
    double mean_ns = 0;
    std::vector<Percentile> percentiles; // At reported_quantiles.
};

Percentile percentile_of(const Histogram& histogram, double quantile);
Summary summarize(const Histogram& histogram);

// None: not measured.
std::optional<std::uint64_t> measured_quantile_ns(const Histogram& histogram, double quantile);

std::string quantile_name(double quantile);                        // 0.999 -> "p99.9"
std::optional<double> quantile_from_name(const std::string& name); // "p99.9" -> 0.999

} // namespace results
