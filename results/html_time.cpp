// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>

namespace results::html {

namespace {

using Reading = double (*)(const IntervalRecord& interval);

double p99_of(const IntervalRecord& interval) {
    return static_cast<double>(interval.response_ns_p99);
}

double rate_of(const IntervalRecord& interval) {
    return interval.length_ns > 0 ? static_cast<double>(interval.completed) * 1e9 /
                                        static_cast<double>(interval.length_ns)
                                  : 0;
}

double bytes_of(const IntervalRecord& interval) {
    return interval.length_ns > 0
               ? static_cast<double>(interval.bytes_read + interval.bytes_written) * 1e9 /
                     static_cast<double>(interval.length_ns)
               : 0;
}

struct What {
    Reading reading;
    bool worst_is_high; // Of several rounds, the highest value is the worst.
    bool zero_counts;   // Nothing done is a value; no response time is none.
};

// What comes after the end of the load is no rate of it.
bool is_load(const IntervalRecord& interval) {
    return interval.invalid.empty() && interval.phase != "drain";
}

// The values that the rounds had in their i-th interval.
std::vector<double> column(const view::Rounds& rounds, std::size_t i, const What& what) {
    std::vector<double> out;
    for (const RoundRecord* round : rounds) {
        if (i < round->intervals.size() && is_load(round->intervals[i])) {
            const double value = what.reading(round->intervals[i]);
            if (value > 0 || what.zero_counts) {
                out.push_back(value);
            }
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

// The median of the rounds, and their worst where there are several.
std::vector<charts::Series> lines(const view::Rounds& rounds, const What& what) {
    std::vector<charts::Series> out(rounds.size() > 1 ? 2 : 1);
    std::size_t longest = 0;
    const RoundRecord* pattern = nullptr;
    for (const RoundRecord* round : rounds) {
        if (round->intervals.size() > longest) {
            longest = round->intervals.size();
            pattern = round;
        }
    }
    bool gap = false;
    for (std::size_t i = 0; i < longest; ++i) {
        const auto values = column(rounds, i, what);
        if (values.empty()) {
            gap = true;
            continue;
        }
        const double at_s = static_cast<double>(pattern->intervals[i].from_ns) / 1e9;
        charts::Point middle{at_s, values[values.size() / 2]};
        middle.after_gap = gap;
        out[0].points.push_back(middle);
        if (out.size() > 1) {
            charts::Point worst{at_s, what.worst_is_high ? values.back() : values.front()};
            worst.after_gap = gap;
            out[1].points.push_back(worst);
        }
        gap = false;
    }
    return out;
}

void add_ramp(charts::Chart& chart, const view::Rounds& rounds) {
    if (!rounds.empty() && rounds[0]->ramp_ns > 0 && chart.regions.empty()) {
        chart.regions.push_back(
            {0, static_cast<double>(rounds[0]->ramp_ns) / 1e9, "ramp, not counted", false});
    }
}

std::string
drawing(const RunRecord& run, const view::Load& load, charts::Chart chart, const What& what) {
    chart.x = {charts::ScaleKind::linear, {}, "time from the start of the round", "s"};
    chart.description = "Over the time of a round, one line per array.";
    bool several = false;
    for (const std::string& array : view::array_names(run)) {
        const auto rounds = view::valid_only(view::rounds_at(run, array, load));
        several = several || rounds.size() > 1;
        bool first = true;
        for (charts::Series& series : lines(rounds, what)) {
            series.name = array + (first ? "" : " worst round");
            series.slot = view::slot(run, array);
            series.secondary = !first;
            first = false;
            if (series.points.size() > 1) {
                chart.series.push_back(series);
            }
        }
        add_ramp(chart, rounds);
    }
    if (chart.series.empty()) {
        return "";
    }
    charts::fit_axes(chart, chart.y.kind == charts::ScaleKind::linear);
    return figure(chart,
                  array_keys(run) +
                      (several ? "<span>bold: median of the rounds, thin: the worst</span>" : ""));
}

std::string three_drawings(const RunRecord& run, const view::Load& load) {
    charts::Chart latency;
    latency.title = "Response time, P99 of each interval";
    latency.y = {charts::ScaleKind::logarithmic, {}, "response time", "ns"};
    charts::Chart rate;
    rate.title = "Accesses done per second";
    rate.y = {charts::ScaleKind::linear, {}, "accesses per second", "/s"};
    charts::Chart bytes;
    bytes.title = "Data moved per second";
    bytes.y = {charts::ScaleKind::linear, {}, "read and written", "B/s"};
    return drawing(run, load, latency, {p99_of, true, false}) +
           drawing(run, load, rate, {rate_of, false, true}) +
           drawing(run, load, bytes, {bytes_of, false, true});
}

} // namespace

std::string time_section(const RunRecord& run) {
    std::vector<Panel> list;
    std::size_t chosen = 0;
    const auto common = view::common_load(run);
    for (const view::Load& load : view::loads(run)) {
        const std::string body = view::is_told(run, load) ? three_drawings(run, load) : "";
        if (body.empty()) {
            continue;
        }
        if (common && load == *common) {
            chosen = list.size();
        }
        list.push_back({view::name_of(load), body});
    }
    if (list.empty()) {
        return "";
    }
    return section(
        {"time",
         "Over time",
         "A mean hides what a minute of trouble does. These lines show every interval of "
         "the rounds at one load.",
         view::any_emulated(run)},
        panels("Load", list, chosen));
}

} // namespace results::html
