// SPDX-License-Identifier: Apache-2.0
#include "results/capacity_words.h"
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace results::html {

namespace {

using Records = std::vector<const CapacityRecord*>;

Records base_records(const RunRecord& run) {
    Records out;
    for (const CapacityRecord& one : run.capacity) {
        if (one.is_base) {
            out.push_back(&one);
        }
    }
    return out;
}

const CapacityPointRecord* point_at(const CapacityRecord& record, double targets) {
    const auto found = std::find_if(record.points.begin(),
                                    record.points.end(),
                                    [&](const auto& one) { return one.targets == targets; });
    return found == record.points.end() ? nullptr : &*found;
}

// The rounds of a record at one number of targets. Those that the bench may have slowed too: what
// they show is drawn hollow.
view::Rounds rounds_of(const RunRecord& run, const CapacityRecord& record, double targets) {
    view::Rounds out;
    for (const RoundRecord& round : run.rounds) {
        if (round.array == record.array && round.workload == record.workload &&
            round.point_value == targets) {
            out.push_back(&round);
        }
    }
    return out;
}

enum class Line : std::uint8_t { p99, worst };

charts::Series
line(const RunRecord& run, const CapacityRecord& record, const std::string& stream, Line what) {
    charts::Series out;
    out.name = record.array + (what == Line::p99 ? " P99" : " worst");
    out.slot = view::slot(run, record.array);
    out.secondary = what == Line::worst;
    out.marks = what == Line::p99;
    for (const CapacityPointRecord& point : record.points) {
        const Histogram all =
            view::merged(rounds_of(run, record, point.targets), stream, &StreamRecord::response_ns);
        if (all.count() == 0) {
            continue;
        }
        const auto value = what == Line::worst ? all.max_ns() : all.quantile_ns(0.99);
        charts::Point drawn{point.targets, static_cast<double>(value)};
        drawn.doubtful = !point.kept;
        drawn.reading = text::duration(drawn.y) + (point.kept ? "" : " (not sustained)");
        if (what == Line::p99 && all.samples_above(0.99) < view::samples_above_min) {
            drawn.reading += fmt::format(" (of {} samples)", all.count());
        }
        out.points.push_back(std::move(drawn));
    }
    return out;
}

std::string drawing(const RunRecord& run, const Records& records, const std::string& stream) {
    charts::Chart chart;
    chart.title = stream + " against targets";
    chart.description = "99th percentile (bold) and worst (thin) at each number of targets tried.";
    chart.x = {charts::ScaleKind::linear, {}, "targets under interception", "targets"};
    chart.y = {charts::ScaleKind::logarithmic, {}, stream, "ns"};
    std::size_t most = 0;
    for (const CapacityRecord* record : records) {
        for (const Line what : {Line::p99, Line::worst}) {
            chart.series.push_back(line(run, *record, stream, what));
            most = std::max(most, chart.series.back().points.size());
        }
        if (record->measured && record->targets > 0) {
            chart.lines.push_back({record->targets,
                                   fmt::format("{:.0f} sustained", record->targets),
                                   view::slot(run, record->array),
                                   true});
        }
    }
    if (most < 2) {
        return "";
    }
    charts::fit_axes(chart, false);
    chart.x.values.low = 0;
    return figure(chart,
                  array_keys(run) + "<span>bold: P99, thin: the worst</span>"
                                    "<span>hollow: not sustained</span>");
}

// The commit delay first: it is what sustaining means.
std::string curves(const RunRecord& run, const Records& records) {
    constexpr const char* foremost = "commit delay";
    std::vector<std::string> streams = {foremost};
    for (const RoundRecord& round : run.rounds) {
        if (round.workload != records.front()->workload) {
            continue;
        }
        for (const StreamRecord& stream : round.streams) {
            const bool known =
                std::find(streams.begin(), streams.end(), stream.name) != streams.end();
            if (!known && stream.response_ns.count() > 0) {
                streams.push_back(stream.name);
            }
        }
    }
    std::vector<Panel> list;
    for (const std::string& stream : streams) {
        std::string body = drawing(run, records, stream);
        if (!body.empty()) {
            list.push_back({stream, std::move(body)});
        }
    }
    return list.empty() ? "" : panels("Stream", list, 0);
}

std::string number_of(const CapacityRecord& one) {
    const std::string text = said(sustained_text(one));
    return !one.measured      ? "<span class=\"none-yet\">" + text + "</span>"
           : one.targets == 0 ? text
                              : "<strong>" + text + "</strong>";
}

std::string range_of(const CapacityRecord& one) {
    if (!one.measured) {
        return "";
    }
    const std::string low =
        one.low ? fmt::format("{:.0f}", *one.low) : fmt::format("below {:.0f}", one.offered_from);
    const std::string high = one.high ? fmt::format("{:.0f}", *one.high) : "no number tried";
    if (one.indicative) {
        return fmt::format(
            "{} held, {} did not; steps of {}", low, high, text::percent(one.resolution));
    }
    const std::string interval = interval_text(one);
    return (interval.empty() ? "" : said(interval) + "<div class=\"small\">") +
           fmt::format("{} held in every round, {} in none; steps of {}",
                       low,
                       high,
                       text::percent(one.resolution)) +
           (interval.empty() ? "" : "</div>");
}

std::string answer_table(const RunRecord& run, const Records& records) {
    const bool priced = std::any_of(records.begin(), records.end(), [](const auto* one) {
        return one->price_per_target.has_value();
    });
    std::vector<std::string> columns = {"Array", "Targets sustained", "Between", "Limited by"};
    if (priced) {
        columns.emplace_back("Price per target");
    }
    Table table(columns, "words");
    for (const CapacityRecord* one : records) {
        std::string limit = said(one->limited_by);
        if (one->ended_by == "plan") {
            limit = "nothing: the plan offers no more";
        } else if (one->ended_by == "bench") {
            limit = "the bench, not the array";
        }
        std::vector<std::string> cells = {
            key(view::slot(run, one->array), one->array),
            number_of(*one) + (one->indicative && one->measured ? " <span class=\"pill open\">"
                                                                  "indicative</span>"
                                                                : ""),
            range_of(*one),
            limit + (one->reason.empty() ? ""
                                         : "<div class=\"small\">" + said(one->reason) + "</div>")};
        if (priced) {
            cells.push_back(
                one->price_per_target
                    ? said(text::significant(*one->price_per_target) + " " + one->currency)
                    : "<span class=\"none-yet\">no price given</span>");
        }
        table.row(cells);
    }
    return table.html();
}

std::string cost_cell(const CapacityRecord& one) {
    const std::string cost = cost_text(one);
    return (cost.empty() ? "" : "<strong>" + said(cost) + "</strong>: ") + number_of(one) +
           (one.indicative && one.measured
                ? fmt::format(" <span class=\"small\">(steps of {})</span>",
                              text::percent(one.resolution))
                : "") +
           (one.limited_by.empty()
                ? ""
                : "<div class=\"small\">limited by " + said(one.limited_by) + "</div>");
}

// What scrub, backup, purge and failover cost in targets.
std::string variants(const RunRecord& run) {
    std::vector<std::string> names;
    for (const CapacityRecord& one : run.capacity) {
        if (!one.is_base && std::find(names.begin(), names.end(), one.variant) == names.end()) {
            names.push_back(one.variant);
        }
    }
    if (names.empty()) {
        return "";
    }
    std::vector<std::string> columns = {"With"};
    for (const std::string& array : view::array_names(run)) {
        columns.push_back(key(view::slot(run, array), array));
    }
    Table table(columns, "words");
    for (const std::string& name : names) {
        std::vector<std::string> cells = {said(name)};
        for (const std::string& array : view::array_names(run)) {
            const auto found =
                std::find_if(run.capacity.begin(), run.capacity.end(), [&](const auto& one) {
                    return one.variant == name && one.array == array;
                });
            cells.push_back(found == run.capacity.end() ? "" : cost_cell(*found));
        }
        table.row(cells);
    }
    return "<h3>What else the array does, in targets</h3>\n" + table.html();
}

std::string votes_cell(const CapacityRecord& record, double targets) {
    const CapacityPointRecord* point = point_at(record, targets);
    if (point == nullptr) {
        return "<span class=\"none-yet\">not tried</span>";
    }
    std::string out = point->kept ? "<span class=\"pill good\">sustained</span>"
                      : point->failed == 0 && point->sustained == 0
                          ? "<span class=\"pill none\">unclear</span>"
                          : "<span class=\"pill bad\">not sustained</span>";
    out += fmt::format(" <span class=\"small\">{} of {} rounds{}</span>",
                       point->sustained,
                       point->sustained + point->failed + point->unclear,
                       point->unclear > 0 ? fmt::format(", {} unclear", point->unclear) : "");
    return out +
           (point->reason.empty() ? "" : "<div class=\"small\">" + said(point->reason) + "</div>");
}

// Every number tried, side by side; below it what each round at it lost and what came late.
std::string steps(const RunRecord& run, const Records& records) {
    std::set<double> numbers;
    std::vector<std::string> columns = {"Targets"};
    for (const CapacityRecord* record : records) {
        columns.push_back(key(view::slot(run, record->array), record->array));
        for (const CapacityPointRecord& point : record->points) {
            numbers.insert(point.targets);
        }
    }
    Table table(columns, "words");
    for (const double targets : numbers) {
        std::vector<std::string> cells = {fmt::format("{:.0f}", targets)};
        for (const CapacityRecord* record : records) {
            cells.push_back(votes_cell(*record, targets));
        }
        table.row(cells);
    }
    return table.html();
}

std::string tolls(const RunRecord& run) {
    std::vector<std::string> columns = {"Array", "Platform"};
    for (std::string& column : capacity_point_columns()) {
        columns.push_back(std::move(column));
    }
    Table table(columns);
    for (const CapacityRecord& record : run.capacity) {
        for (const CapacityPointRecord& point : record.points) {
            std::vector<std::string> cells = {key(view::slot(run, record.array), record.array),
                                              said(record.variant)};
            for (const std::string& cell : capacity_point_cells(point)) {
                cells.push_back(said(cell));
            }
            table.row(cells);
        }
    }
    return "<p>Over all rounds at a number of targets; late: later than the platform promises its "
           "users.</p>\n" +
           table.html();
}

} // namespace

std::string capacity_section(const RunRecord& run) {
    const Records records = base_records(run);
    if (records.empty()) {
        return "";
    }
    const bool indicative = records.front()->indicative;
    return section(
        {"capacity",
         "Targets sustained",
         std::string("How many intercepted people an array keeps up with: no PDU lost, "
                     "every limit kept, for at least five times the mediation buffer's "
                     "seconds, and no backlog that grows; a large buffer hides no slow "
                     "array. Commit delay is the time from product due until its journal "
                     "record is durable. ") +
             (indicative ? "Found by a stepped ramp: indicative."
                         : "Found by bisection with repeated rounds, arrays "
                           "interleaved."),
         view::any_emulated(run)},
        answer_table(run, records) + variants(run) + curves(run, records) +
            fold("Every number of targets that was tried", steps(run, records)) +
            fold("What was lost and late at each number of targets", tolls(run)));
}

} // namespace results::html
