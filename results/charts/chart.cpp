// SPDX-License-Identifier: Apache-2.0
#include "results/charts/chart.h"

#include "results/text/human.h"

#include <algorithm>
#include <limits>

namespace results::charts {

namespace {

struct Extent {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void add(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    Scale::Range range(ScaleKind kind) const {
        return low <= high ? nice_range(kind, {low, high}) : Scale::Range{1, 10};
    }
};

} // namespace

void fit_axes(Chart& chart, bool from_zero) {
    Extent x;
    Extent y;
    for (const Series& series : chart.series) {
        for (const Point& point : series.points) {
            x.add(point.x);
            const bool drawable = chart.y.kind != ScaleKind::logarithmic || point.y > 0;
            if (drawable) {
                y.add(point.y);
            }
        }
    }
    if (from_zero && chart.y.kind == ScaleKind::linear) {
        y.add(0);
    }
    if (chart.x.kind != ScaleKind::percentile) {
        const Scale::Range exact{x.low, x.high};
        chart.x.values = x.low < x.high ? exact : x.range(chart.x.kind);
    }
    chart.y.values = y.range(chart.y.kind);
}

std::vector<Point> thinned(const std::vector<Point>& points, std::size_t most) {
    if (points.size() <= most || most < 4) {
        return points;
    }
    const std::size_t stretches = most / 2;
    std::vector<Point> out;
    for (std::size_t i = 0; i < stretches; ++i) {
        const auto from =
            points.begin() + static_cast<std::ptrdiff_t>(i * points.size() / stretches);
        const auto to =
            points.begin() + static_cast<std::ptrdiff_t>((i + 1) * points.size() / stretches);
        const auto [low, high] =
            std::minmax_element(from, to, [](const Point& a, const Point& b) { return a.y < b.y; });
        out.push_back(std::min(low, high)[0]);
        if (low != high) {
            out.push_back(std::max(low, high)[0]);
        }
    }
    return out;
}

std::string axis_label(const Axis& axis, double value) {
    if (axis.kind == ScaleKind::percentile) {
        return text::percent(value, 7);
    }
    return text::with_unit(value, axis.unit);
}

} // namespace results::charts
