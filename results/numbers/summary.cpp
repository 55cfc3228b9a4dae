// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/summary.h"

#include <charconv>
#include <fmt/format.h>

namespace results {

Percentile percentile_of(const Histogram& histogram, double quantile) {
    Percentile out;
    out.quantile = quantile;
    out.value_ns = histogram.quantile_ns(quantile);
    out.samples_above = histogram.samples_above(quantile);
    out.measured = out.samples_above >= samples_above_min;
    return out;
}

Summary summarize(const Histogram& histogram) {
    Summary out;
    out.count = histogram.count();
    out.overflow = histogram.overflow();
    out.min_ns = histogram.min_ns();
    out.max_ns = histogram.max_ns();
    out.mean_ns = histogram.mean_ns();
    for (const double quantile : reported_quantiles) {
        out.percentiles.push_back(percentile_of(histogram, quantile));
    }
    return out;
}

std::optional<std::uint64_t> measured_quantile_ns(const Histogram& histogram, double quantile) {
    const Percentile found = percentile_of(histogram, quantile);
    return found.measured ? std::optional(found.value_ns) : std::nullopt;
}

std::string quantile_name(double quantile) {
    // Six significant digits are enough for p99.999 and hide the dust of binary fractions.
    return fmt::format("p{:.6g}", quantile * 100);
}

std::optional<double> quantile_from_name(const std::string& name) {
    double percent = 0;
    const char* end = name.data() + name.size();
    if (name.size() < 2 || name[0] != 'p') {
        return std::nullopt;
    }
    const auto [stop, error] = std::from_chars(name.data() + 1, end, percent);
    if (error != std::errc{} || stop != end || !(percent > 0 && percent < 100)) {
        return std::nullopt;
    }
    return percent / 100;
}

} // namespace results
