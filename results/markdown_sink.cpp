// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/capacity_words.h"
#include "results/cross_check_rows.h"
#include "results/host_rows.h"
#include "results/metric.h"
#include "results/platform_sums.h"
#include "results/sinks.h"
#include "results/text/escape.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>

namespace results {

namespace {

using text::escape_markdown;

std::string row(const std::vector<std::string>& cells) {
    std::string out = "|";
    for (const std::string& cell : cells) {
        out += " " + cell + " |";
    }
    return out + "\n";
}

std::string header(const std::vector<std::string>& cells) {
    std::string out = row(cells) + "|";
    for (std::size_t i = 0; i < cells.size(); ++i) {
        out += i == 0 ? " :-- |" : " --: |";
    }
    return out + "\n";
}

std::string first_lines(const RunRecord& run, const Answer& told) {
    std::string out =
        fmt::format("# {}: {}\n\n", escape_markdown(run.plan_name), view::name_of(told.outcome));
    if (view::any_emulated(run)) {
        out += "> **EMULATED**: arrays marked so are programs on the test host; their numbers say "
               "nothing about a real product.\n\n";
    }
    out += "**" + escape_markdown(told.sentence) + "**\n\n";
    for (const std::string& remark : told.remarks) {
        out += "- " + escape_markdown(remark) + "\n";
    }
    return out + fmt::format("\nRun {}, {}.\n\n",
                             escape_markdown(run.id),
                             text::utc_time(run.started_utc_ns));
}

std::vector<std::string> titled_arrays(const RunRecord& run, const std::string& first) {
    std::vector<std::string> out = {first};
    for (const std::string& name : view::array_names(run)) {
        out.push_back(escape_markdown(name) + (view::is_emulated(run, name) ? " (EMULATED)" : ""));
    }
    return out;
}

std::string headlines(const RunRecord& run) {
    std::string out = "## Side by side\n\n" + header(titled_arrays(run, "Number"));
    for (const HeadlineRow& headline : headline_rows(run)) {
        std::vector<std::string> cells = {escape_markdown(
            headline.name + (headline.note.empty() ? "" : " (" + headline.note + ")"))};
        for (const auto& cell : headline.cells) {
            cells.push_back(cell ? escape_markdown(text::with_unit(cell->value, cell->unit))
                                 : "not measured");
        }
        out += row(cells);
    }
    return out + "\n";
}

std::string limits(const RunRecord& run) {
    if (run.verdicts.empty()) {
        return "";
    }
    std::string out = "## Limits\n\n" + header({"Limit", "Array", "Load", "Value", "Outcome"});
    for (const VerdictRecord& verdict : run.verdicts) {
        out +=
            row({escape_markdown(verdict.limit),
                 escape_markdown(verdict.array),
                 escape_markdown(view::name_of(view::Load{verdict.workload, verdict.point, 0})),
                 escape_markdown(value_against_bound(verdict)),
                 verdict.outcome == Outcome::fail ? "**FAIL**" : view::name_of(verdict.outcome)});
    }
    return out + "\n";
}

std::string comparisons(const RunRecord& run) {
    if (run.comparisons.empty()) {
        return "";
    }
    std::string out =
        "## Comparison\n\n" + header({"Metric", "Load", "Change", "Pairs", "Word", "Kind"});
    for (const ComparisonRecord& one : run.comparisons) {
        out += row({escape_markdown(one.metric + (one.stream.empty() ? "" : ", " + one.stream)),
                    escape_markdown(one.workload + " at " + one.point),
                    escape_markdown(one.candidate) + " " + change_with_interval(one),
                    fmt::format("{}", one.pairs),
                    one.pairs == 0 ? std::string("not measured")
                                   : std::string("**") + view::name_of(one.word) + "**",
                    one.primary ? "primary" : "exploratory"});
    }
    return out + "\n";
}

std::string percentiles(const RunRecord& run) {
    const bool has_due = run.rounds.empty() ||
                         !std::all_of(run.rounds.begin(), run.rounds.end(), &results::is_imported);
    std::string out = has_due ? "## Response time, from due to done\n\n"
                              : "## Response time, from sent to done: when it was due is lost\n\n";
    std::vector<std::string> columns = {"Load", "Array"};
    for (const view::Rung& rung : view::percentile_ladder) {
        columns.emplace_back(rung.name);
    }
    out += header(columns);
    for (const view::Load& load : view::loads(run)) {
        if (!view::is_told(run, load)) {
            continue;
        }
        for (const std::string& array : view::array_names(run)) {
            if (view::rounds_at(run, array, load).empty()) {
                continue; // A search for capacity tries each array elsewhere.
            }
            const auto rounds = view::valid_only(view::rounds_at(run, array, load));
            const Histogram all = view::merged(rounds, "", &StreamRecord::response_ns);
            std::vector<std::string> cells = {escape_markdown(load.workload + " at " + load.point),
                                              escape_markdown(array)};
            for (const view::Rung& rung : view::percentile_ladder) {
                const auto value = view::measured(all, rung.share);
                cells.push_back(value ? text::duration(static_cast<double>(*value))
                                      : "not measured");
            }
            out += row(cells);
        }
    }
    return out + "\nA percentile with fewer than 10 samples above it is not measured.\n\n";
}

std::string findings(const RunRecord& run) {
    std::string out = "## Findings\n\n";
    std::size_t count = 0;
    for (const char* area : {"integrity", "egress"}) {
        for (const FindingRecord& finding : view::findings(run, area)) {
            out += fmt::format("- **{}** ({}, {}): {}\n",
                               escape_markdown(finding.kind),
                               area,
                               escape_markdown(finding.array),
                               escape_markdown(finding.summary));
            count += 1;
        }
    }
    return count == 0 ? "" : out + "\n";
}

std::string list(const std::string& title, const std::vector<std::string>& sentences) {
    std::string out;
    for (const std::string& sentence : sentences) {
        out += "- " + escape_markdown(sentence) + "\n";
    }
    return out.empty() ? "" : "## " + title + "\n\n" + out + "\n";
}

// P99 where it was measured, else the worst.
std::string curve_cell(const CapacityPointRecord& point, const std::string& stream) {
    for (const CapacityStreamRecord& one :
         point.streams.value_or(std::vector<CapacityStreamRecord>{})) {
        if (one.name == stream) {
            return one.response_ns_p99
                       ? text::duration(static_cast<double>(*one.response_ns_p99))
                       : "max " + text::duration(static_cast<double>(one.response_ns_max));
        }
    }
    return "-";
}

// Every number of targets that was tried: what was lost, what came late, and each stream's P99.
std::string capacity_points(const RunRecord& run) {
    std::string out;
    for (const CapacityRecord& record : run.capacity) {
        std::vector<std::string> streams;
        for (const CapacityPointRecord& point : record.points) {
            for (const CapacityStreamRecord& one :
                 point.streams.value_or(std::vector<CapacityStreamRecord>{})) {
                if (std::find(streams.begin(), streams.end(), one.name) == streams.end()) {
                    streams.push_back(one.name);
                }
            }
        }
        if (streams.empty()) {
            continue;
        }
        std::vector<std::string> columns = capacity_point_columns();
        columns.insert(columns.end(), streams.begin(), streams.end());
        out += fmt::format("### {}, {}: every number of targets tried, P99 of each stream\n\n",
                           escape_markdown(record.array),
                           escape_markdown(record.variant)) +
               header(columns);
        for (const CapacityPointRecord& point : record.points) {
            std::vector<std::string> cells = capacity_point_cells(point);
            for (const std::string& stream : streams) {
                cells.push_back(curve_cell(point, stream));
            }
            out += row(cells);
        }
        out += "\n";
    }
    return out;
}

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : escape_markdown(text);
}

std::string capacity(const RunRecord& run) {
    if (run.capacity.empty()) {
        return "";
    }
    std::string out = "## Targets sustained\n\n" + header({"Array",
                                                           "Platform",
                                                           "Targets",
                                                           "Interval",
                                                           "Held",
                                                           "Did not hold",
                                                           "Against the platform as it is",
                                                           "Limited by"});
    const auto maybe = [](const std::optional<double>& value) {
        return value ? fmt::format("{:.0f}", *value) : std::string("-");
    };
    for (const CapacityRecord& one : run.capacity) {
        const char* note = one.indicative && one.measured ? " (indicative)" : "";
        out += row({escape_markdown(one.array),
                    escape_markdown(one.variant),
                    sustained_text(one) + note,
                    or_dash(interval_text(one)),
                    maybe(one.low),
                    maybe(one.high),
                    or_dash(cost_text(one)),
                    or_dash(one.limited_by)});
    }
    return out + "\n" + capacity_points(run);
}

std::string platform(const RunRecord& run) {
    const auto sums = platform_sums(run);
    if (sums.empty()) {
        return "";
    }
    std::string out =
        "## What the platform lost, and how long it waited\n\n" + header(platform_columns());
    for (const PlatformSum& sum : sums) {
        std::vector<std::string> cells;
        for (const std::string& cell : platform_cells(sum)) {
            cells.push_back(escape_markdown(cell));
        }
        out += row(cells);
    }
    return out + "\n";
}

std::string losers(const RunRecord& run) {
    constexpr std::size_t told_most = 3;
    const auto rows = loss_rows(run, told_most);
    if (rows.empty()) {
        return "";
    }
    std::string out = "## Who lost most\n\n" + header(loss_columns());
    for (const auto& cells : rows) {
        std::vector<std::string> escaped;
        for (const std::string& cell : cells) {
            escaped.push_back(escape_markdown(cell));
        }
        out += row(escaped);
    }
    return out + "\n";
}

std::string host_table(const RunRecord& run) {
    std::string out;
    for (const view::Load& load : view::loads(run)) {
        for (const std::string& array : view::array_names(run)) {
            for (const view::HostRow& host : view::host_rows(view::rounds_at(run, array, load))) {
                std::vector<std::string> cells{escape_markdown(array),
                                               escape_markdown(view::name_of(load))};
                for (const std::string& cell : view::cells_of(host)) {
                    cells.push_back(escape_markdown(cell));
                }
                out += row(cells);
            }
        }
    }
    if (out.empty()) {
        return "";
    }
    std::vector<std::string> titles{"Array", "Load"};
    titles.insert(titles.end(), std::begin(view::host_row_titles), std::end(view::host_row_titles));
    return "## Hosts that drove this load together\n\n" + header(titles) + out + "\n";
}

std::string cross_checks(const RunRecord& run) {
    std::string out;
    for (const CrossCheckRecord& check :
         run.cross_checks.value_or(std::vector<CrossCheckRecord>{})) {
        out += fmt::format("## Cross-check: {}, {} at {}\n\n",
                           escape_markdown(check.array),
                           escape_markdown(check.workload),
                           escape_markdown(check.point));
        if (!check.not_measured.empty()) {
            out += fmt::format("Not measured: {}\n\n", escape_markdown(check.not_measured));
            continue;
        }
        out += header({view::cross_check_what,
                       "This bench",
                       escape_markdown(check.tool),
                       view::cross_check_difference});
        for (const view::CrossCheckRow& row_of : view::cross_check_rows(check)) {
            out += row({row_of.what, row_of.bench, row_of.tool, row_of.difference});
        }
        out += "\n" + list("Why the two may differ", check.reasons);
    }
    return out;
}

} // namespace

std::string markdown_report(const RunRecord& run) {
    const Answer told = answer(run);
    return first_lines(run, told) + capacity(run) + headlines(run) + limits(run) +
           comparisons(run) + percentiles(run) + host_table(run) + cross_checks(run) +
           platform(run) + losers(run) + findings(run) + list("Not measured", told.not_measured) +
           list("What this run could not have seen", run.not_seen) + "## How to reproduce\n\n    " +
           text::clean_text(run.command) + "\n";
}

} // namespace results
