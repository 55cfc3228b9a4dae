// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace results::html {

namespace {

// Rounds with the same load and block: the same disturbance done to each array.
struct Scene {
    std::string name;
    view::Rounds rounds;
};

std::vector<Scene> scenes(const RunRecord& run) {
    std::map<std::pair<view::Load, std::uint32_t>, view::Rounds> groups;
    for (const RoundRecord& round : run.rounds) {
        if (!round.disturbances.empty()) {
            groups[{{round.workload, round.point, round.point_value}, round.block}].push_back(
                &round);
        }
    }
    std::vector<Scene> out;
    for (auto& [place, rounds] : groups) {
        std::sort(rounds.begin(), rounds.end(), [&](const auto* a, const auto* b) {
            return view::slot(run, a->array) < view::slot(run, b->array);
        });
        out.push_back(
            {fmt::format(
                 "{} at {}, block {}", place.first.workload, place.first.point, place.second),
             rounds});
    }
    return out;
}

double seconds(std::int64_t value_ns) {
    return static_cast<double>(value_ns) / 1e9;
}

void mark_events(charts::Chart& chart, const RoundRecord& round, int slot) {
    for (const DisturbanceRecord& event : round.disturbances) {
        const double at = seconds(event.at_ns);
        const double end = event.recovered_after_ns ? at + seconds(*event.recovered_after_ns)
                                                    : seconds(round.ramp_ns + round.duration_ns);
        chart.regions.push_back({at, end, "", false});
        chart.regions.push_back({at,
                                 at + seconds(event.stall_ns),
                                 "stall " + text::duration(static_cast<double>(event.stall_ns)),
                                 true});
        chart.lines.push_back({at, event.name, slot, true});
        if (event.recovered_after_ns) {
            chart.lines.push_back({end, "recovered", slot});
        }
    }
}

charts::Chart rate_chart(const RunRecord& run, const RoundRecord& round) {
    charts::Chart chart;
    chart.title = round.array;
    chart.description = "Accesses done per second around the disturbance.";
    chart.x = {charts::ScaleKind::linear, {}, "time from the start of the round", "s"};
    chart.y = {charts::ScaleKind::linear, {}, "accesses done per second", "/s"};
    charts::Series series;
    series.name = round.array;
    series.slot = view::slot(run, round.array);
    for (const IntervalRecord& interval : round.intervals) {
        if (interval.length_ns > 0) {
            series.points.push_back(
                {seconds(interval.from_ns),
                 static_cast<double>(interval.completed) / seconds(interval.length_ns)});
        }
    }
    chart.series.push_back(series);
    mark_events(chart, round, series.slot);
    charts::fit_axes(chart, true);
    return chart;
}

// Side by side means on the same scale.
std::string drawings(const RunRecord& run, const Scene& scene) {
    std::vector<charts::Chart> all;
    double most = 0;
    double longest = 0;
    for (const RoundRecord* round : scene.rounds) {
        all.push_back(rate_chart(run, *round));
        most = std::max(most, all.back().y.values.high);
        longest = std::max(longest, all.back().x.values.high);
    }
    std::string out;
    for (charts::Chart& chart : all) {
        chart.y.values = {0, most};
        chart.x.values = {0, longest};
        out += figure(chart, "", 530);
    }
    return "<div class=\"two\">" + out + "</div>\n";
}

std::string after(const std::optional<std::int64_t>& value_ns, const char* otherwise) {
    return value_ns ? text::duration(static_cast<double>(*value_ns)) : otherwise;
}

std::string event_table(const RunRecord& run, const Scene& scene) {
    Table table(
        {"Array and disturbance", "Stall", "First error after", "Recovered after", "Late", "Lost"});
    std::string notes;
    for (const RoundRecord* round : scene.rounds) {
        for (const DisturbanceRecord& event : round->disturbances) {
            table.row(
                {key(view::slot(run, round->array), round->array) + "<div class=\"small\">" +
                     said(event.name) + "</div>",
                 "<strong>" + text::duration(static_cast<double>(event.stall_ns)) + "</strong>",
                 after(event.first_error_after_ns, "no error"),
                 after(event.recovered_after_ns, "<strong>not in this round</strong>"),
                 text::grouped(event.late),
                 event.lost > 0 ? "<strong>" + text::grouped(event.lost) + "</strong>" : "0"});
            if (!event.note.empty()) {
                notes += "<li>" + said(round->array) + ": " + said(event.note) + "</li>";
            }
        }
    }
    return table.html() + (notes.empty() ? "" : "<ul class=\"remarks small\">" + notes + "</ul>\n");
}

} // namespace

std::string fault_section(const RunRecord& run) {
    std::vector<Panel> list;
    for (const Scene& scene : scenes(run)) {
        list.push_back({scene.name, drawings(run, scene) + event_table(run, scene)});
    }
    if (list.empty()) {
        return "";
    }
    return section(
        {"faults",
         "When something breaks",
         "The same disturbance, done to each array under load, on the same scales. Stall: "
         "the longest time without any completion. Recovered: back to 95 % of the rate "
         "before. Late and lost count accesses from the instant they were due.",
         view::any_emulated(run)},
        panels("Disturbance", list, 0));
}

} // namespace results::html
