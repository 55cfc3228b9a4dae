// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace profiles::interception {

// How a backlog moves: a large buffer must not hide a slow array.
struct Trend {
    double bytes_per_s = 0;
    double low = 0; // Of the 95 % interval
};

// Slope over the last two thirds of the readings, so many a second, with the lower end of its 95 %
// interval. Zero with fewer than fifteen readings.
Trend backlog_trend(const std::vector<float>& readings_bytes, double readings_per_s = 1);

} // namespace profiles::interception
