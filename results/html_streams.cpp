// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

namespace results::html {

namespace {

std::string percentile_cell(const Histogram& histogram, double share) {
    const auto value = view::measured(histogram, share);
    if (value) {
        return fmt::format("<span title=\"{} samples above\">{}</span>",
                           text::grouped(histogram.samples_above(share)),
                           text::duration(static_cast<double>(*value), text::Zeros::kept));
    }
    return fmt::format(
        "<span class=\"none-yet\" title=\"not measured: {} samples above\">n.m.</span>",
        histogram.samples_above(share));
}

struct Sums {
    std::uint64_t completed = 0;
    std::uint64_t failed = 0; // Failed, timed out, lost, never answered.
    std::string operation;
};

Sums sums_of(const view::Rounds& rounds, const std::string& stream) {
    Sums out;
    for (const RoundRecord* round : rounds) {
        for (const StreamRecord& one : round->streams) {
            if (one.name == stream) {
                out.completed += one.completed;
                out.failed += one.failed + one.timed_out + one.lost + one.unfinished;
                out.operation = one.operation;
            }
        }
    }
    return out;
}

using Member = Histogram StreamRecord::*;

// A platform has streams that this run switched off: what no array was asked for is not told.
bool was_asked_for(const RunRecord& run, const view::Load& load, const std::string& stream) {
    for (const RoundRecord& round : run.rounds) {
        if (round.workload != load.workload || round.point != load.point) {
            continue;
        }
        for (const StreamRecord& one : round.streams) {
            const std::uint64_t ended =
                one.completed + one.failed + one.timed_out + one.lost + one.unfinished;
            if (one.name == stream && (ended > 0 || one.response_ns.count() > 0)) {
                return true;
            }
        }
    }
    return false;
}

std::string stream_table(const RunRecord& run, const view::Load& load, Member member) {
    std::vector<std::string> columns = {"Stream", "Accesses", "Failed"};
    for (const view::Rung& rung : view::percentile_ladder) {
        columns.emplace_back(rung.name);
    }
    columns.emplace_back("Max");
    Table table(columns);
    for (const std::string& stream : view::stream_names(run, load)) {
        if (!was_asked_for(run, load, stream)) {
            continue;
        }
        bool first = true;
        for (const std::string& array : view::array_names(run)) {
            const auto rounds = view::valid_only(view::rounds_at(run, array, load));
            const Sums sums = sums_of(rounds, stream);
            if (first) {
                table.wide("<strong>" + said(stream) + "</strong> <span class=\"small\">" +
                               said(sums.operation) + "</span>",
                           "stream");
                first = false;
            }
            const Histogram all = view::merged(rounds, stream, member);
            std::vector<std::string> cells = {
                key(view::slot(run, array), array),
                text::grouped(sums.completed),
                sums.failed > 0 ? "<strong>" + text::grouped(sums.failed) + "</strong>" : "0"};
            for (const view::Rung& rung : view::percentile_ladder) {
                cells.push_back(percentile_cell(all, rung.share));
            }
            cells.push_back(all.count() > 0 ? text::duration(static_cast<double>(all.max_ns()))
                                            : "\xE2\x80\x93");
            table.row(cells);
        }
    }
    return table.html();
}

// What arrays answered instead of data, word for word.
std::string error_table(const RunRecord& run, const view::Load& load) {
    Table table({"Error", "Array", "Stream", "Count"}, "words");
    for (const std::string& array : view::array_names(run)) {
        std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
        for (const RoundRecord* round : view::valid_only(view::rounds_at(run, array, load))) {
            for (const StreamRecord& stream : round->streams) {
                for (const auto& [error, count] : stream.errors) {
                    counts[{error, stream.name}] += count;
                }
            }
        }
        for (const auto& [what, count] : counts) {
            table.row({said(what.first),
                       key(view::slot(run, array), array),
                       said(what.second),
                       text::grouped(count)});
        }
    }
    return table.empty() ? "" : "<h4>Errors</h4>\n" + table.html();
}

// "commit_delay_ns_p99" -> "commit delay p99" and its unit.
struct MeasureName {
    std::string words;
    std::string unit;
};

MeasureName measure_name(std::string name) {
    std::string unit;
    const std::array<std::pair<const char*, const char*>, 5> units = {
        {{"_per_s", "/s"}, {"_ns", "ns"}, {"_bytes", "B"}, {"_seconds", "s"}, {"_s", "s"}}};
    for (const auto& [suffix, symbol] : units) {
        const std::size_t at = name.find(suffix);
        const std::size_t end = at == std::string::npos ? 0 : at + std::string(suffix).size();
        if (at != std::string::npos && (end == name.size() || name[end] == '_')) {
            name.erase(at, end - at);
            unit = symbol;
            break;
        }
    }
    std::replace(name.begin(), name.end(), '_', ' ');
    return {name, unit};
}

// Scalars that a workload measures by itself, and accesses by path: the median round and the range.
std::string measure_cell(std::vector<double> values, const std::string& unit) {
    if (values.empty()) {
        return "<span class=\"none-yet\">not measured</span>";
    }
    std::sort(values.begin(), values.end());
    std::string out = text::with_unit(values[values.size() / 2], unit);
    if (values.front() < values.back()) {
        out += fmt::format(" <span class=\"small\">({} to {})</span>",
                           text::with_unit(values.front(), unit),
                           text::with_unit(values.back(), unit));
    }
    return out;
}

using Scalars = std::map<std::string, double>;

template <typename Values>
std::string
scalar_table(const RunRecord& run, const view::Load& load, const char* title, Values of) {
    std::set<std::string> names;
    std::vector<std::string> columns = {title};
    for (const std::string& array : view::array_names(run)) {
        columns.push_back(key(view::slot(run, array), array));
        for (const RoundRecord* round : view::valid_only(view::rounds_at(run, array, load))) {
            for (const auto& [name, value] : of(*round)) {
                names.insert(name);
            }
        }
    }
    Table table(columns);
    for (const std::string& name : names) {
        const MeasureName shown = measure_name(name);
        std::vector<std::string> cells = {said(shown.words)};
        for (const std::string& array : view::array_names(run)) {
            std::vector<double> values;
            for (const RoundRecord* round : view::valid_only(view::rounds_at(run, array, load))) {
                const Scalars all = of(*round);
                const auto found = all.find(name);
                if (found != all.end()) {
                    values.push_back(found->second);
                }
            }
            cells.push_back(measure_cell(values, shown.unit));
        }
        table.row(cells);
    }
    return table.empty() ? "" : table.html();
}

std::string one_load(const RunRecord& run, const view::Load& load) {
    const auto measures = [](const RoundRecord& round) {
        Scalars out(round.measures);
        out.erase("imported"); // Says where the round is from, and measures nothing.
        return out;
    };
    const auto paths = [](const RoundRecord& round) {
        return Scalars(round.path_completed.begin(), round.path_completed.end());
    };
    const std::string parts =
        "<p class=\"small\">Wait: from due to sent. Service: from sent to done. Response time is "
        "both together.</p><h4>Wait</h4>" +
        stream_table(run, load, &StreamRecord::wait_ns) + "<h4>Service</h4>" +
        stream_table(run, load, &StreamRecord::service_ns);
    return stream_table(run, load, &StreamRecord::response_ns) + error_table(run, load) +
           scalar_table(run, load, "Measured by the workload, median round", measures) +
           scalar_table(run, load, "Accesses by path, median round", paths) +
           fold("Wait and service apart", parts);
}

} // namespace

std::string stream_tables(const RunRecord& run) {
    std::vector<Panel> list;
    std::size_t chosen = 0;
    const auto common = view::common_load(run);
    for (const view::Load& load : view::loads(run)) {
        if (!view::is_told(run, load)) {
            continue;
        }
        if (common && load == *common) {
            chosen = list.size();
        }
        list.push_back({view::name_of(load), one_load(run, load)});
    }
    if (list.empty()) {
        return "";
    }
    return "<h3>Each stream by itself</h3>\n" + panels("Load", list, chosen) +
           "<p class=\"small\">n.m.: not measured, fewer than 10 samples lie above the "
           "percentile.</p>\n";
}

} // namespace results::html
