// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/charts/scale.h"

#include <string>
#include <vector>

// A drawing as values; svg.h draws it. Strings here are plain text, escaped when drawn.
namespace results::charts {

struct Point {
    double x = 0;
    double y = 0;
    bool doubtful = false;    // Drawn hollow: an invalid point, or too few samples.
    std::string reading = {}; // What hovering says; empty = y with its unit.
    bool after_gap = false;   // The line does not lead here.
};

struct Series {
    std::string name = {};
    int slot = 0; // Which array: colour, dash and marker follow.
    std::vector<Point> points = {};
    bool secondary = false; // Thin and pale.
    bool marks = false;     // A marker at each point.
    bool faint = false;     // Dotted, without reading: what was not measured.
};

struct Axis {
    ScaleKind kind = ScaleKind::linear;
    Scale::Range values = {};
    std::string title = {};
    std::string unit = {}; // "ns", "/s", "B/s", "s", "" as in results/text/human.h
};

struct Line { // Upright, from top to bottom.
    double x = 0;
    std::string label = {};
    int slot = -1;             // -1 = ink.
    bool label_before = false; // Else after.
};

struct Region { // From side to side of an event.
    double from = 0;
    double to = 0;
    std::string label = {};
    bool alarming = true; // Else neutral.
};

struct Chart {
    std::string title = {};
    std::string description = {}; // For who cannot see it.
    Axis x = {};
    Axis y = {};
    std::vector<Series> series = {};
    std::vector<Line> lines = {};
    std::vector<Region> regions = {};
};

// Takes the axes' ranges from the points, rounded outwards. `from_zero`: the vertical axis starts
// at 0 (linear only).
void fit_axes(Chart& chart, bool from_zero);

// At most about `most` points that still show every peak and trough: per stretch the lowest and the
// highest.
std::vector<Point> thinned(const std::vector<Point>& points, std::size_t most);

// An axis value as its labels say it: "99.9 %" on a percentile axis.
std::string axis_label(const Axis& axis, double value);

} // namespace results::charts
