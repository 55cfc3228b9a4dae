// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace tests::perf {

// Measures every hostile input beside an honest one of its path and prints a table; only paths and
// inputs whose names hold `filter`. False: one costs more than `ratio_max` times the honest one.
struct WorstSettings {
    std::string filter;
    double ratio_max = 3;
    int repeats = 5;
};
bool measure_worst(const WorstSettings& settings);

} // namespace tests::perf
