// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/metric.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <cmath>

namespace results::html {

namespace {

constexpr int points_per_nine = 16;
constexpr double last_share = 0.99999;

// Measured where enough samples lie above; the rest of the way faint, to the last sample.
void add_curve(charts::Chart& chart,
               const Histogram& histogram,
               const std::string& name,
               int slot) {
    charts::Series solid;
    charts::Series faint;
    solid.name = faint.name = name;
    solid.slot = faint.slot = slot;
    faint.faint = true;
    for (int i = 1; i <= 5 * points_per_nine; ++i) {
        const double share = i == 5 * points_per_nine
                                 ? last_share
                                 : 1 - std::pow(10, -static_cast<double>(i) / points_per_nine);
        const auto value = view::measured(histogram, share);
        if (value) {
            solid.points.push_back({share, static_cast<double>(*value)});
        } else if (histogram.samples_above(share) > 0) {
            faint.points.push_back({share, static_cast<double>(histogram.quantile_ns(share))});
        }
    }
    if (!solid.points.empty() && !faint.points.empty()) {
        faint.points.insert(faint.points.begin(), solid.points.back());
    }
    chart.series.push_back(solid);
    if (!faint.points.empty()) {
        chart.series.push_back(faint);
    }
}

charts::Chart curve(const RunRecord& run, const view::Load& load, const std::string& stream) {
    charts::Chart chart;
    chart.title = "Share of accesses answered within a time";
    chart.description = "Response time against percentile, one line per array.";
    chart.x = {charts::ScaleKind::percentile, {0, last_share}, "percentile of accesses", ""};
    chart.y = {charts::ScaleKind::logarithmic, {}, "response time", "ns"};
    for (const std::string& array : view::array_names(run)) {
        const auto rounds = view::valid_only(view::rounds_at(run, array, load));
        const Histogram all = view::merged(rounds, stream, &StreamRecord::response_ns);
        if (all.count() > 0) {
            add_curve(chart, all, array, view::slot(run, array));
        }
    }
    charts::fit_axes(chart, false);
    return chart;
}

std::string curves(const RunRecord& run) {
    std::vector<Panel> list;
    std::size_t chosen = 0;
    const auto common = view::common_load(run);
    for (const view::Load& load : view::loads(run)) {
        if (!view::is_told(run, load)) {
            continue;
        }
        auto streams = view::stream_names(run, load);
        if (streams.size() > 1) {
            streams.insert(streams.begin(), "");
        }
        for (const std::string& stream : streams) {
            const charts::Chart chart = curve(run, load, stream);
            if (chart.series.empty()) {
                continue;
            }
            if (common && load == *common && (stream.empty() || streams.size() == 1)) {
                chosen = list.size();
            }
            list.push_back({view::name_of(load) + ", " + (stream.empty() ? "all accesses" : stream),
                            figure(chart,
                                   array_keys(run) + "<span>dotted: not measured, fewer "
                                                     "than 10 samples above</span>")});
        }
    }
    return list.empty() ? "<p class=\"none-yet\">No valid round: nothing to draw.</p>\n"
                        : panels("Load and stream", list, std::min(chosen, list.size() - 1));
}

} // namespace

std::string percentile_section(const RunRecord& run) {
    const auto& rounds = run.rounds;
    const bool imported = std::any_of(rounds.begin(), rounds.end(), &is_imported);
    const bool all_imported = imported && std::all_of(rounds.begin(), rounds.end(), &is_imported);
    std::string counted = all_imported
                              ? "From the instant the other tool sent an access until it was done: "
                                "what waited before is not in it, however long the array stood "
                                "still."
                              : "From the instant an access was due until it was done, so that an "
                                "array that stops answering is charged for all that had to wait.";
    if (imported && !all_imported) {
        counted += " What is imported counts from sending only.";
    }
    return section({"percentiles",
                    "Response time",
                    counted + " Each further step to the right is ten times rarer: at 99.9 % one "
                              "access in a thousand took longer.",
                    view::any_emulated(run)},
                   curves(run) + stream_tables(run));
}

} // namespace results::html
