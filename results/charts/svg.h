// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/charts/chart.h"

#include <string>

namespace results::charts {

struct Canvas {
    int width = 1040;
    int height = 380;
    const char* name = "wide"; // CSS class, so that a page can show the one that fits.
};

// One <svg> with a title and a description, coloured by the page's classes (s0, s1 ... per array),
// each series carrying its pixels and readings in data attributes for the page's script.
std::string draw(const Chart& chart, const Canvas& canvas);

// An interval on a small logarithmic scale around "no difference"; right is always "better for the
// candidate".
struct Interval {
    double value = 0; // Natural logarithms of ratios, > 0 = better.
    double low = 0;
    double high = 0;
    double margin = 0;
    double reach = 1; // The scale runs from -reach to +reach.
};
std::string draw_interval(const Interval& interval, const std::string& title);

} // namespace results::charts
