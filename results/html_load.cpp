// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>

namespace results::html {

namespace {

// Where a point stands on the load axis: what was asked, or in a closed loop what was done.
double load_of(const view::Rounds& rounds) {
    return rounds[0]->audit.offered_per_s > 0 ? rounds[0]->audit.offered_per_s
                                              : view::mean_achieved_per_s(rounds);
}

bool has_disturbance(const view::Rounds& rounds) {
    return std::any_of(rounds.begin(), rounds.end(), [](const RoundRecord* round) {
        return !round->disturbances.empty();
    });
}

charts::Series
curve(const RunRecord& run, const std::string& array, const std::string& workload, double share) {
    charts::Series out;
    out.name = array + (share > 0.9 ? " P99" : " P50");
    out.slot = view::slot(run, array);
    out.secondary = share < 0.9;
    out.marks = !out.secondary;
    for (const view::Load& load : view::loads(run)) {
        const auto rounds = view::rounds_at(run, array, load);
        if (load.workload != workload || rounds.empty() || has_disturbance(rounds)) {
            continue;
        }
        const auto valid = view::valid_only(rounds);
        const auto& shown = valid.empty() ? rounds : valid;
        const Histogram all = view::merged(shown, "", &StreamRecord::response_ns);
        if (const auto value = view::measured(all, share)) {
            charts::Point point{load_of(shown), static_cast<double>(*value)};
            point.doubtful = valid.empty();
            point.reading = text::duration(point.y) + (valid.empty() ? " (invalid)" : "");
            out.points.push_back(point);
        }
    }
    std::sort(out.points.begin(), out.points.end(), [](const auto& a, const auto& b) {
        return a.x < b.x;
    });
    return out;
}

std::string knee_sentence(const RunRecord& run, const std::string& workload) {
    std::string out;
    for (const std::string& array : view::array_names(run)) {
        const auto knee = view::knee(run, array, workload);
        if (!knee) {
            continue;
        }
        out += fmt::format("<li>{} {} {}{}</li>",
                           key(view::slot(run, array), array),
                           knee->beyond ? "kept up to" : "kept up with every load offered, to",
                           text::per_second(knee->offered_per_s),
                           knee->beyond ? " and no further." : "; its knee was not reached.");
    }
    return out.empty() ? "" : "<ul class=\"remarks\">" + out + "</ul>\n";
}

std::string drawing(const RunRecord& run, const std::string& workload) {
    charts::Chart chart;
    chart.title = workload + ": response time against load";
    chart.description = "99th percentile (bold) and median (thin) of response time at each load.";
    chart.x = {charts::ScaleKind::linear, {}, "accesses offered per second", "/s"};
    chart.y = {charts::ScaleKind::logarithmic, {}, "response time", "ns"};
    std::size_t most = 0;
    for (const std::string& array : view::array_names(run)) {
        for (const double share : {0.99, 0.5}) {
            chart.series.push_back(curve(run, array, workload, share));
            most = std::max(most, chart.series.back().points.size());
        }
        const auto knee = view::knee(run, array, workload);
        if (knee && knee->beyond) {
            chart.lines.push_back({knee->offered_per_s, "knee", view::slot(run, array)});
        }
    }
    if (most < 2) {
        return ""; // One load is no curve.
    }
    charts::fit_axes(chart, false);
    chart.x.values.low = 0;
    return figure(chart,
                  array_keys(run) + "<span>bold: P99, thin: P50</span><span>hollow: "
                                    "invalid</span>") +
           knee_sentence(run, workload);
}

} // namespace

std::string load_section(const RunRecord& run) {
    std::string body;
    std::vector<std::string> seen;
    for (const view::Load& load : view::loads(run)) {
        if (std::find(seen.begin(), seen.end(), load.workload) == seen.end()) {
            seen.push_back(load.workload);
            body += drawing(run, load.workload);
        }
    }
    if (body.empty()) {
        return "";
    }
    return section({"load",
                    "Response time against load",
                    "What each array costs in time as more is asked of it. The knee is the highest "
                    "load of which at least 99 % was done; beyond it a queue grows without end.",
                    view::any_emulated(run)},
                   body);
}

} // namespace results::html
