// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/trend.h"

#include <cmath>
#include <cstddef>

namespace profiles::interception {

// Slope over the last two thirds, from ten batch means so that neighbouring readings do not pretend
// to be independent.
Trend backlog_trend(const std::vector<float>& readings, double readings_per_s) {
    constexpr std::size_t batches = 10;
    constexpr double student_t_8 = 2.306; // Two-sided 95 %, 8 degrees of freedom
    const std::size_t from = readings.size() / 3;
    const std::size_t each = (readings.size() - from) / batches;
    if (each == 0) {
        return {};
    }
    std::vector<double> means(batches);
    double average = 0;
    for (std::size_t batch = 0; batch < batches; ++batch) {
        for (std::size_t i = 0; i < each; ++i) {
            means[batch] +=
                static_cast<double>(readings[from + batch * each + i]) / static_cast<double>(each);
        }
        average += means[batch] / batches;
    }
    double cross = 0;
    double squares = 0;
    const double middle = (batches - 1) / 2.0;
    for (std::size_t batch = 0; batch < batches; ++batch) {
        cross += (static_cast<double>(batch) - middle) * (means[batch] - average);
        squares += (static_cast<double>(batch) - middle) * (static_cast<double>(batch) - middle);
    }
    const double slope = cross / squares;
    double residuals = 0;
    for (std::size_t batch = 0; batch < batches; ++batch) {
        const double off = means[batch] - average - slope * (static_cast<double>(batch) - middle);
        residuals += off * off;
    }
    const double error = std::sqrt(residuals / (batches - 2) / squares);
    const double seconds = static_cast<double>(each) / readings_per_s;
    return {slope / seconds, (slope - student_t_8 * error) / seconds};
}

} // namespace profiles::interception
