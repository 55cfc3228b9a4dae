// SPDX-License-Identifier: Apache-2.0
#include "results/charts/svg.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace results::charts;

TEST_CASE("linear ticks are round and inside", "[charts]") {
    CHECK(nice_ticks(ScaleKind::linear, {0, 10}, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
    CHECK(nice_ticks(ScaleKind::linear, {3, 3}, 5).size() == 1); // Nothing to divide.
    CHECK(nice_ticks(ScaleKind::linear, {0, 1e300}, 5).size() <= 6);
}

TEST_CASE("logarithmic ticks are decades, with 2 and 5 where there is room", "[charts]") {
    const auto fine = nice_ticks(ScaleKind::logarithmic, {1, 100}, 8);
    CHECK(fine == std::vector<double>{1, 2, 5, 10, 20, 50, 100});
    CHECK(nice_ticks(ScaleKind::logarithmic, {1, 1e9}, 5).size() <= 6);
}

TEST_CASE("a percentile axis gives each nine the same room", "[charts]") {
    const Scale scale(ScaleKind::percentile, {0, 0.99999}, {0, 500});
    CHECK(scale.at(0) == Approx(0));
    CHECK(scale.at(0.9) == Approx(100));
    CHECK(scale.at(0.99) == Approx(200));
    CHECK(scale.at(0.999) == Approx(300));
    CHECK(scale.at(1) == Approx(500)); // Clamped, not infinite.
    CHECK(nice_ticks(ScaleKind::percentile, {0, 0.999}, 3).back() == 0.999);
}

TEST_CASE("a scale never leaves its pixels, whatever the value", "[charts]") {
    const Scale scale(ScaleKind::logarithmic, {1, 1000}, {300, 0});
    CHECK(scale.at(1) == Approx(300));
    CHECK(scale.at(1000) == Approx(0));
    CHECK(scale.at(-5) == Approx(300));
    CHECK(scale.at(1e12) == Approx(0));
    CHECK(Scale(ScaleKind::linear, {7, 7}, {0, 10}).at(7) == Approx(5));
}

TEST_CASE("ranges widen to round ends", "[charts]") {
    const auto log = nice_range(ScaleKind::logarithmic, {3e5, 7e6});
    CHECK(log.low == Approx(2e5));
    CHECK(log.high == Approx(1e7));
    const auto linear = nice_range(ScaleKind::linear, {0, 8470});
    CHECK(linear.low == 0);
    CHECK(linear.high == Approx(10000));
    const auto flat = nice_range(ScaleKind::linear, {0, 0});
    CHECK(flat.high > flat.low);
}

TEST_CASE("thinning keeps every peak", "[charts]") {
    std::vector<Point> points;
    for (int i = 0; i < 10000; ++i) {
        points.push_back({double(i), i == 4321 ? 99.0 : i == 777 ? -99.0 : 1.0});
    }
    const auto thin = thinned(points, 100);
    CHECK(thin.size() <= 100);
    const auto has = [&](double y) {
        return std::any_of(thin.begin(), thin.end(), [&](const Point& p) { return p.y == y; });
    };
    CHECK(has(99));
    CHECK(has(-99));
    for (std::size_t i = 1; i < thin.size(); ++i) {
        REQUIRE(thin[i - 1].x < thin[i].x);
    }
}

namespace {
Chart small_chart() {
    Chart chart;
    chart.title = "A <b>title</b>";
    chart.x = {ScaleKind::linear, {}, "time", "s"};
    chart.y = {ScaleKind::linear, {}, "rate", "/s"};
    chart.series.push_back({"one\"><script>", 0, {{0, 1}, {1, 2}, {2, 3}}});
    chart.lines.push_back({1, "<i>event</i>"});
    fit_axes(chart, true);
    return chart;
}
} // namespace

TEST_CASE("a drawing carries its readings and lets no text become markup", "[charts]") {
    const std::string svg = draw(small_chart(), Canvas());
    CHECK(svg.find("data-what=\"1/s|2/s|3/s|\"") != std::string::npos);
    CHECK(svg.find("<script") == std::string::npos);
    CHECK(svg.find("<b>") == std::string::npos);
    CHECK(svg.find("<i>") == std::string::npos);
    CHECK(svg.find("aria-label=\"A &lt;b&gt;") != std::string::npos);
}

TEST_CASE("what was not measured is drawn without a reading, a gap breaks the line", "[charts]") {
    Chart chart = small_chart();
    chart.series[0].faint = true;
    CHECK(draw(chart, Canvas()).find("data-what") == std::string::npos);
    chart.series[0].faint = false;
    CHECK(draw(chart, Canvas()).find('M') != std::string::npos);
    chart.series[0].points[2].after_gap = true;
    const std::string svg = draw(chart, Canvas());
    const std::string path = svg.substr(svg.find("class=\"series"));
    CHECK(path.substr(path.find("d=\"M"), 60).find('M', 5) != std::string::npos);
}

TEST_CASE("a drawing of nothing is still a drawing", "[charts]") {
    Chart chart;
    chart.y.kind = ScaleKind::logarithmic;
    fit_axes(chart, false);
    CHECK(draw(chart, Canvas()).find("nan") == std::string::npos);
    CHECK(draw(chart, Canvas()).find("inf") == std::string::npos);
}

TEST_CASE("an interval right of the margin is drawn right of the middle", "[charts]") {
    const std::string svg = draw_interval({0.3, 0.2, 0.4, 0.05, 1}, "t");
    const auto at = svg.find("class=\"reach\" d=\"M");
    REQUIRE(at != std::string::npos);
    CHECK(std::stod(svg.substr(at + 18)) > 130);
}
