// SPDX-License-Identifier: Apache-2.0
#include "results/charts/svg.h"

#include "results/text/escape.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace results::charts {

namespace {

constexpr double left_px = 64;
constexpr double right_px = 14;
constexpr double top_px = 30;
constexpr double bottom_px = 46;

std::string pixel(double value) {
    std::string out = fmt::format("{:.1f}", value);
    if (out.ends_with(".0")) {
        out.resize(out.size() - 2);
    }
    return out;
}

// A label must not grow over the drawing; cut where a character ends.
std::string shortened(const std::string& label) {
    constexpr std::size_t bytes_max = 30;
    if (label.size() <= bytes_max) {
        return label;
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return label.substr(0, end) + "\xE2\x80\xA6";
}

// What all parts of one drawing need to know.
struct Sheet {
    const Chart& chart;
    const Canvas& canvas;
    Scale x;
    Scale y;
    double bottom;
    double right;
};

std::string label_at(double x, double y, const char* anchor, const std::string& label) {
    return fmt::format(R"(<text x="{}" y="{}" text-anchor="{}">{}</text>)",
                       pixel(x),
                       pixel(y),
                       anchor,
                       text::escape_html(label));
}

std::string horizontal_lines(const Sheet& sheet) {
    std::string out = "<g class=\"axis\">";
    const int wanted = sheet.canvas.height / 40;
    for (const double value : nice_ticks(sheet.chart.y.kind, sheet.chart.y.values, wanted)) {
        const double y = sheet.y.at(value);
        out += fmt::format(R"(<path class="grid" d="M{0} {1}H{2}"/>)",
                           pixel(left_px),
                           pixel(y),
                           pixel(sheet.right));
        out += label_at(left_px - 8, y + 4, "end", axis_label(sheet.chart.y, value));
    }
    return out + label_at(4, 14, "start", sheet.chart.y.title) + "</g>";
}

std::string upright_ticks(const Sheet& sheet) {
    std::string out = "<g class=\"axis\">";
    const int wanted = sheet.canvas.width / 110;
    double free_from = -1e9;
    for (const double value : nice_ticks(sheet.chart.x.kind, sheet.chart.x.values, wanted)) {
        const double x = sheet.x.at(value);
        out += fmt::format(R"(<path class="tick" d="M{} {}v5"/>)", pixel(x), pixel(sheet.bottom));
        const std::string label = axis_label(sheet.chart.x, value);
        const double half = 3.6 * static_cast<double>(label.size());
        const double centre = std::min(x, sheet.canvas.width - half); // None is cut off,
        if (centre - half >= free_from) {                             // none overlaps another.
            out += label_at(centre, sheet.bottom + 19, "middle", label);
            free_from = centre + half + 4;
        }
    }
    out += fmt::format(R"(<path class="base" d="M{} {}H{}"/>)",
                       pixel(left_px),
                       pixel(sheet.bottom),
                       pixel(sheet.right));
    return out + label_at(sheet.right, sheet.bottom + 38, "end", sheet.chart.x.title) + "</g>";
}

std::string regions(const Sheet& sheet) {
    std::string out;
    for (const Region& region : sheet.chart.regions) {
        const double from = sheet.x.at(region.from);
        const double to = std::max(sheet.x.at(region.to), from + 1);
        out += fmt::format(R"(<g class="region {}"><rect x="{}" y="{}" width="{}" height="{}"/>)",
                           region.alarming ? "alarm" : "calm",
                           pixel(from),
                           pixel(top_px),
                           pixel(to - from),
                           pixel(sheet.bottom - top_px));
        const bool at_end = from > sheet.canvas.width * 0.6;
        out += label_at(
            at_end ? to - 4 : from + 4, top_px + 12, at_end ? "end" : "start", region.label);
        out += "</g>";
    }
    return out;
}

std::string upright_lines(const Sheet& sheet) {
    std::string out;
    double y = sheet.bottom - 8;
    for (const Line& line : sheet.chart.lines) {
        const double x = sheet.x.at(line.x);
        const std::string colour = line.slot < 0 ? "" : fmt::format(" s{}", line.slot);
        out += fmt::format(R"(<g class="upright{}"><path d="M{} {}V{}"/>)",
                           colour,
                           pixel(x),
                           pixel(top_px),
                           pixel(sheet.bottom));
        const double share =
            x / sheet.canvas.width; // Outwards where asked and where there is room.
        const bool before = line.label_before ? share > 0.4 : share > 0.75;
        out += label_at(before ? x - 5 : x + 5, y, before ? "end" : "start", shortened(line.label));
        out += "</g>";
        y -= 16; // Labels of neighbours stand above each other.
    }
    return out;
}

std::string marker(const Series& series, const Sheet& sheet, const Point& point) {
    const double x = sheet.x.at(point.x);
    const double y = sheet.y.at(point.y);
    const char* kind = point.doubtful ? "mark hollow" : "mark";
    if (series.slot % 2 == 1) {
        return fmt::format(R"(<rect class="{}" x="{}" y="{}" width="8" height="8"/>)",
                           kind,
                           pixel(x - 4),
                           pixel(y - 4));
    }
    return fmt::format(R"(<circle class="{}" cx="{}" cy="{}" r="4.5"/>)", kind, pixel(x), pixel(y));
}

std::string readings(const Series& series, const Sheet& sheet) {
    std::string x;
    std::string y;
    std::string where;
    std::string what;
    for (const Point& point : series.points) {
        x += pixel(sheet.x.at(point.x)) + " ";
        y += pixel(sheet.y.at(point.y)) + " ";
        where += axis_label(sheet.chart.x, point.x) + "|";
        what += (point.reading.empty() ? axis_label(sheet.chart.y, point.y) : point.reading) + "|";
    }
    return fmt::format(R"( data-name="{}" data-x="{}" data-y="{}" data-where="{}" data-what="{}")",
                       text::escape_html(series.name),
                       x,
                       y,
                       text::escape_html(where),
                       text::escape_html(what));
}

std::string one_series(const Series& whole, const Sheet& sheet) {
    Series series = whole;
    series.points = thinned(whole.points, static_cast<std::size_t>(sheet.canvas.width) / 2);
    std::string path;
    std::string marks;
    for (const Point& point : series.points) {
        const bool start = path.empty() || point.after_gap;
        path += fmt::format(
            "{}{} {}", start ? "M" : "L", pixel(sheet.x.at(point.x)), pixel(sheet.y.at(point.y)));
        if (series.marks || point.doubtful) {
            marks += marker(series, sheet, point);
        }
    }
    const std::string kind = series.faint ? " faint" : series.secondary ? " second" : "";
    return fmt::format(R"(<g class="series s{}{}"{}><path d="{}"/>{}</g>)",
                       series.slot,
                       kind,
                       series.faint ? "" : readings(series, sheet),
                       path.empty() ? "M0 0" : path,
                       marks);
}

} // namespace

std::string draw(const Chart& chart, const Canvas& canvas) {
    const double bottom = canvas.height - bottom_px;
    const double right = canvas.width - right_px;
    const Sheet sheet{chart,
                      canvas,
                      Scale(chart.x.kind, chart.x.values, {left_px, right}),
                      Scale(chart.y.kind, chart.y.values, {bottom, top_px}),
                      bottom,
                      right};
    std::string out =
        fmt::format(R"(<svg class="chart {0}" viewBox="0 0 {1} {2}" role="img" tabindex="0" )"
                    R"(aria-label="{3}" data-top="{4}" data-bottom="{5}"><desc>{6}</desc>)",
                    canvas.name,
                    canvas.width,
                    canvas.height,
                    text::escape_html(chart.title),
                    pixel(top_px),
                    pixel(bottom),
                    text::escape_html(chart.description));
    out += horizontal_lines(sheet) + regions(sheet) + upright_ticks(sheet);
    for (const Series& series : chart.series) {
        out += one_series(series, sheet);
    }
    return out + upright_lines(sheet) + "<path class=\"guide\" d=\"M0 0\"/></svg>\n";
}

std::string draw_interval(const Interval& interval, const std::string& title) {
    constexpr double middle = 130;
    const auto at = [&](double value) {
        return middle + std::clamp(value / interval.reach, -1.0, 1.0) * 124;
    };
    const double x = at(interval.value);
    return fmt::format(
        R"(<svg class="interval" viewBox="0 0 260 24" role="img"><title>{0}</title>)"
        R"(<rect class="margin" x="{1}" y="2" width="{2}" height="20"/>)"
        R"(<path class="zero" d="M130 0V24"/><path class="reach" d="M{3} 12H{4}M{3} 7v10M{4} 7v10"/>)"
        R"(<path class="value" d="M{5} 12l6 -6l6 6l-6 6z"/></svg>)",
        text::escape_html(title),
        pixel(at(-interval.margin)),
        pixel(at(interval.margin) - at(-interval.margin)),
        pixel(at(interval.low)),
        pixel(at(interval.high)),
        pixel(x - 6));
}

} // namespace results::charts
