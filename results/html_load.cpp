// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace results::html {

namespace {

bool has_disturbance(const view::Rounds& rounds) {
    return std::any_of(rounds.begin(), rounds.end(), [](const RoundRecord* round) {
        return !round->disturbances.empty();
    });
}

// One workload's curves of one stream, or of all accesses ("").
struct Curve {
    const RunRecord& run;
    const std::string& workload;
    const std::string& stream;
    view::LoadAxis axis;
};

charts::Series line(const Curve& curve, const std::string& array, double share) {
    charts::Series out;
    out.name = array + (share > 0.9 ? " P99" : " P50");
    out.slot = view::slot(curve.run, array);
    out.secondary = share < 0.9;
    out.marks = !out.secondary;
    for (const view::Load& load : view::loads(curve.run)) {
        const auto rounds = view::rounds_at(curve.run, array, load);
        if (load.workload != curve.workload || rounds.empty() || has_disturbance(rounds)) {
            continue;
        }
        const auto valid = view::valid_only(rounds);
        const auto& shown = valid.empty() ? rounds : valid;
        const Histogram all = view::merged(shown, curve.stream, &StreamRecord::response_ns);
        if (const auto value = view::measured(all, share)) {
            charts::Point point{view::load_axis_value(curve.axis, shown),
                                static_cast<double>(*value)};
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

std::string knee_sentence(const Curve& curve) {
    std::string out;
    for (const std::string& array : view::array_names(curve.run)) {
        const auto knee = view::knee(curve.run, array, curve.workload);
        if (!knee) {
            continue;
        }
        out += fmt::format("<li>{} {} {}{}</li>",
                           key(view::slot(curve.run, array), array),
                           knee->beyond ? "kept up to" : "kept up with every load offered, to",
                           said(knee->load.point),
                           knee->beyond ? " and no further." : "; its knee was not reached.");
    }
    return out.empty() ? "" : "<ul class=\"remarks\">" + out + "</ul>\n";
}

std::string drawing(const Curve& curve) {
    charts::Chart chart;
    chart.title = curve.workload + ": response time against load";
    chart.description = "99th percentile (bold) and median (thin) of response time at each load.";
    chart.x = {charts::ScaleKind::linear, {}, curve.axis.title, curve.axis.unit};
    chart.y = {charts::ScaleKind::logarithmic, {}, "response time", "ns"};
    std::size_t most = 0;
    for (const std::string& array : view::array_names(curve.run)) {
        for (const double share : {0.99, 0.5}) {
            chart.series.push_back(line(curve, array, share));
            most = std::max(most, chart.series.back().points.size());
        }
        const auto knee = view::knee(curve.run, array, curve.workload);
        if (knee && knee->beyond) {
            chart.lines.push_back({knee->x, "knee", view::slot(curve.run, array), true});
        }
    }
    if (most < 2) {
        return ""; // One load is no curve.
    }
    charts::fit_axes(chart, false);
    chart.x.values.low = 0;
    return figure(chart,
                  array_keys(curve.run) +
                      "<span>bold: P99, thin: P50</span><span>hollow: invalid</span>");
}

std::string of_workload(const RunRecord& run, const std::string& workload) {
    std::set<std::string> streams = {""};
    for (const view::Load& load : view::loads(run)) {
        if (load.workload == workload) {
            const auto names = view::stream_names(run, load);
            streams.insert(names.begin(), names.end());
        }
    }
    if (streams.size() == 2) {
        streams.erase(streams.begin()); // The one stream is all there is.
    }
    std::vector<Panel> list;
    for (const std::string& stream : streams) {
        const std::string body = drawing({run, workload, stream, view::load_axis(run, workload)});
        if (!body.empty()) {
            list.push_back({stream.empty() ? "all accesses" : stream, body});
        }
    }
    return list.empty() ? ""
                        : panels("Stream", list, 0) +
                              knee_sentence({run, workload, "", view::load_axis(run, workload)});
}

} // namespace

std::string load_section(const RunRecord& run) {
    std::string body;
    std::vector<std::string> seen;
    for (const view::Load& load : view::loads(run)) {
        if (!view::is_capacity(load) &&
            std::find(seen.begin(), seen.end(), load.workload) == seen.end()) {
            seen.push_back(load.workload);
            body += of_workload(run, load.workload);
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
