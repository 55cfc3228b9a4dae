// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/platform_sums.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>

namespace results::html {

namespace {

// Colours that no array of two has.
constexpr int voice_slot = 2;
constexpr int data_slot = 3;

charts::Series hours(const std::vector<double>& bytes_per_s, const std::string& name, int slot) {
    charts::Series out;
    out.name = name;
    out.slot = slot;
    for (std::size_t hour = 0; hour < bytes_per_s.size(); ++hour) {
        const auto at = static_cast<double>(hour);
        out.points.push_back({at, bytes_per_s[hour]}); // A step: the rate holds for the hour.
        out.points.push_back({at + 1, bytes_per_s[hour]});
    }
    return out;
}

double busiest_hour(const PlatformRecord& platform) {
    std::size_t out = 0;
    double most = -1;
    for (std::size_t hour = 0;
         hour < std::min(platform.voice_bytes_per_s.size(), platform.data_bytes_per_s.size());
         ++hour) {
        const double sum = platform.voice_bytes_per_s[hour] + platform.data_bytes_per_s[hour];
        if (sum > most) {
            most = sum;
            out = hour;
        }
    }
    return static_cast<double>(out) + 0.5;
}

std::string day(const PlatformRecord& platform) {
    charts::Chart chart;
    chart.title = fmt::format(
        "{}: product of {:.0f} targets over a day", platform.workload, platform.targets);
    chart.description = "Bytes per second intercepted in each hour of the day, calls and other.";
    chart.x = {charts::ScaleKind::linear, {}, "hour of the day", ""};
    chart.y = {charts::ScaleKind::linear, {}, "product", "B/s"};
    chart.series.push_back(hours(platform.voice_bytes_per_s, "calls", voice_slot));
    chart.series.push_back(
        hours(platform.data_bytes_per_s, "IP traffic, messages, locations", data_slot));
    if (platform.start_hour < 0) {
        chart.lines.push_back({busiest_hour(platform), "the busy hour, throughout", -1, true});
    } else {
        chart.lines.push_back({platform.start_hour, "the run starts here", -1, false});
    }
    charts::fit_axes(chart, true);
    chart.x.values = {0, 24};
    return figure(chart,
                  key(voice_slot, "calls") + " " +
                      key(data_slot, "IP traffic, messages, locations") + "<span>mean " +
                      text::bytes_per_second(platform.mean_bytes_per_s) + ", busy hour " +
                      text::bytes_per_second(platform.busy_bytes_per_s) + "</span>");
}

// What it lost and what it waited for, load by load.
std::string losses(const RunRecord& run) {
    const auto sums = platform_sums(run);
    if (sums.empty()) {
        return "";
    }
    Table table(platform_columns());
    for (const PlatformSum& sum : sums) {
        std::vector<std::string> cells;
        for (const std::string& cell : platform_cells(sum)) {
            cells.push_back(said(cell));
        }
        cells[1] = key(view::slot(run, sum.array), sum.array);
        table.row(cells);
    }
    return "<h3>What the platform lost, and how long it waited</h3>\n" + table.html() +
           "<p class=\"small\">Over all rounds at a load. Late: later than the workload promises "
           "its users. n.m.: fewer than 10 samples lie above.</p>\n";
}

// Target by target and case by case.
std::string losers(const RunRecord& run) {
    constexpr std::size_t told_most = 10;
    const auto rows = loss_rows(run, told_most);
    if (rows.empty()) {
        return "";
    }
    Table table(loss_columns());
    for (const auto& row : rows) {
        std::vector<std::string> cells;
        for (const std::string& cell : row) {
            cells.push_back(said(cell));
        }
        cells[1] = key(view::slot(run, row[1]), row[1]);
        table.row(cells);
    }
    return fold(fmt::format("Who lost most: up to {} targets and cases at each load", told_most),
                table.html());
}

std::string assumptions(const PlatformRecord& platform) {
    std::string out;
    for (const auto& [name, value] : platform.assumptions) {
        out += "<dt>" + said(name) + "</dt><dd>" + said(value) + "</dd>";
    }
    return fold(fmt::format("What is assumed of {} at {:.0f} targets",
                            said(platform.workload),
                            platform.targets),
                "<dl>" + out +
                    "</dl>\n<p class=\"small\">At another number of targets writers, "
                    "analysts and searches grow or shrink with it; rates per target and "
                    "commits per writer stay.</p>\n");
}

} // namespace

std::string platform_section(const RunRecord& run) {
    std::string body;
    for (const PlatformRecord& platform : run.platforms) {
        body += platform.purpose.empty() ? "" : "<p>" + said(platform.purpose) + "</p>\n";
        body += day(platform) + assumptions(platform);
    }
    body = losses(run) + losers(run) + body;
    return body.empty() ? ""
                        : section({"platform",
                                   "The platform as a load",
                                   "What an interception platform brings over a day. Assumptions "
                                   "are the workload file's; each can be given.",
                                   view::any_emulated(run)},
                                  body);
}

} // namespace results::html
