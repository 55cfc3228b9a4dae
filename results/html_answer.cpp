// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/charts/svg.h"
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace results::html {

namespace {

std::string sentences(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& sentence : list) {
        out += "<li>" + said(sentence) + "</li>";
    }
    return out;
}

std::string opening(const RunRecord& run, const Answer& told) {
    std::string clauses;
    for (const std::string& clause : told.clauses) {
        clauses += "<span class=\"clause\">" + said(clause) + "</span> ";
    }
    const auto took_ns = static_cast<double>(run.finished_utc_ns - run.started_utc_ns);
    std::string out = fmt::format("<p class=\"eyebrow\">{} \xC2\xB7 {}{}</p>\n<h1 "
                                  "id=\"answer-title\">{}<span>{}</span></h1>\n",
                                  said(run.plan_name),
                                  text::utc_time(run.started_utc_ns),
                                  took_ns > 0 ? " \xC2\xB7 took " + text::duration(took_ns) : "",
                                  pill(told.outcome),
                                  clauses);
    if (!run.plan_purpose.empty()) {
        out += "<p class=\"purpose\">" + said(run.plan_purpose) + "</p>\n";
    }
    if (view::any_emulated(run)) {
        out += fmt::format("<p class=\"notice\"><span class=\"emulated\">EMULATED</span> {} on the "
                           "test host; the numbers say nothing about any real product.</p>\n",
                           view::all_emulated(run) ? "All arrays in this run are programs"
                                                   : "The arrays marked EMULATED are programs");
    }
    if (!told.remarks.empty()) {
        out += "<ul class=\"remarks two-columns\">" + sentences(told.remarks) + "</ul>\n";
    }
    return out;
}

const ArrayRecord* record_of(const RunRecord& run, const std::string& name) {
    const auto found = std::find_if(run.arrays.begin(), run.arrays.end(), [&](const auto& array) {
        return array.name == name;
    });
    return found == run.arrays.end() ? nullptr : &*found;
}

std::string array_head(const RunRecord& run, const std::string& name) {
    std::string out = key(view::slot(run, name), name);
    if (view::is_emulated(run, name)) {
        out += " <span class=\"emulated\">EMULATED</span>";
    }
    const ArrayRecord* array = record_of(run, name);
    if (array != nullptr) {
        out += fmt::format("<span class=\"small\">{} {} {} \xC2\xB7 {}</span>",
                           said(array->vendor),
                           said(array->product),
                           said(array->revision),
                           said(array->transport));
    }
    return out;
}

std::vector<std::string> score_columns(const RunRecord& run) {
    std::vector<std::string> columns = {"<span class=\"sr\">Limit or number</span>"};
    for (const std::string& name : view::array_names(run)) {
        columns.push_back(array_head(run, name));
    }
    return columns;
}

std::string big_cell(const std::optional<HeadlineRecord>& cell, std::size_t slot) {
    if (!cell) {
        return "<span class=\"big unknown\">not measured</span>";
    }
    std::string out =
        fmt::format("<span class=\"big s{}\">{}</span>",
                    slot,
                    said(text::with_unit(cell->value, cell->unit, text::Zeros::kept)));
    if (cell->low && cell->high) {
        out += fmt::format("<span class=\"small\">{} to {} ({} interval)</span> ",
                           said(text::with_unit(*cell->low, cell->unit)),
                           said(text::with_unit(*cell->high, cell->unit)),
                           text::percent(cell->confidence));
    }
    return out +
           (cell->note.empty() ? "" : "<span class=\"small\">" + said(cell->note) + "</span>");
}

void add_headline(Table& table, const HeadlineRow& row) {
    std::vector<std::string> cells = {
        said(row.name) +
        (row.note.empty() ? "" : "<span class=\"small\">" + said(row.note) + "</span>")};
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
        cells.push_back(big_cell(row.cells[i], i));
    }
    table.row(cells);
}

// Right is always better for the candidate, whichever way the metric runs.
std::string comparison_row(const ComparisonRecord& one, double reach) {
    if (one.pairs == 0) { // No number, and no mark at "no difference" either.
        return fmt::format(
            "<div class=\"rule\"></div><div class=\"metric\"><strong>{}</strong> {}<span "
            "class=\"small\">{} at {}</span></div><div class=\"chart-cell\"></div><div>{}"
            "</div><div class=\"change none-yet\">no valid pair of rounds</div>\n",
            said(one.metric),
            said(one.stream),
            said(one.workload),
            said(one.point),
            pill(Outcome::not_measured));
    }
    const double sign = one.higher_is_better ? 1 : -1;
    const auto logarithm = [&](double ratio) {
        return ratio > 0 ? sign * std::log(ratio) : -reach;
    };
    charts::Interval interval;
    interval.value = logarithm(one.ratio);
    interval.low = std::min(logarithm(one.low), logarithm(one.high));
    interval.high = std::max(logarithm(one.low), logarithm(one.high));
    interval.margin = std::log1p(one.margin);
    interval.reach = reach;
    const std::string change = change_with_interval(one);
    return fmt::format(
        "<div class=\"rule\"></div><div class=\"metric\"><strong>{}</strong>{}<span "
        "class=\"small\">{} at {}{}</span></div><div class=\"chart-cell\">{}</div><div>{}</div>"
        "<div class=\"change\">{}<span class=\"small\">{} \xC2\xB7 {} pairs</span><span "
        "class=\"small\">margin {}{}</span></div>\n",
        said(one.metric),
        one.stream.empty() ? "" : " " + said(one.stream),
        said(one.workload),
        said(one.point),
        one.primary ? "" : " \xC2\xB7 exploratory",
        charts::draw_interval(interval, change),
        pill(one.word),
        text::change(one.ratio),
        text::change_range(one.low, one.high),
        one.pairs,
        text::percent(one.margin),
        one.noise_floor > 0 ? ", " + text::noise(one.noise_floor) : "");
}

std::string forest(const RunRecord& run) {
    double reach = std::log(1.25);
    for (const ComparisonRecord& one : run.comparisons) {
        for (const double ratio : {one.low, one.high, 1 + one.margin}) {
            if (ratio > 0 && std::isfinite(ratio)) {
                reach = std::max(reach, std::min(std::abs(std::log(ratio)) * 1.1, std::log(20.0)));
            }
        }
    }
    std::string out;
    for (const ComparisonRecord* first : view::pairs_compared(run)) {
        out += fmt::format(
            "<h3>{} against {}</h3><p class=\"small\">Diamond: measured change. Line: {} interval "
            "over paired rounds. Grey: the margin within which two arrays count as equivalent, "
            "stated before the run. Noise: how far one array differs from itself.</p>\n<div "
            "class=\"forest\"><div class=\"head "
            "label\">Metric</div><div class=\"head chart-cell\"><span>\xE2\x86\x90 worse</span>"
            "<span>better \xE2\x86\x92</span></div><div class=\"head label\"></div><div "
            "class=\"head label\">Change</div>\n",
            key(view::slot(run, first->candidate), first->candidate),
            key(view::slot(run, first->baseline), first->baseline),
            text::percent(first->confidence));
        for (const ComparisonRecord& one : run.comparisons) {
            if (one.candidate == first->candidate && one.baseline == first->baseline) {
                out += comparison_row(one, reach);
            }
        }
        out += "</div>\n";
    }
    return out;
}

std::string verdict_cell(const VerdictRecord& verdict) {
    std::string out = pill(verdict.outcome);
    if (verdict.outcome != Outcome::not_measured) {
        out += " <strong>" + said(text::with_unit(verdict.value, verdict.unit, text::Zeros::kept)) +
               "</strong>";
    }
    if (verdict.low && verdict.high) {
        out += fmt::format(" <span class=\"small range\">{} to {}</span>",
                           said(text::with_unit(*verdict.low, verdict.unit)),
                           said(text::with_unit(*verdict.high, verdict.unit)));
    }
    return out + (verdict.reason.empty()
                      ? ""
                      : "<div class=\"small\">" + said(verdict.reason) + "</div>");
}

bool same_limit(const VerdictRecord& a, const VerdictRecord& b) {
    return a.limit == b.limit && a.workload == b.workload && a.point == b.point;
}

std::string limit_cell(const RunRecord& run, const VerdictRecord& limit, const std::string& array) {
    std::string cell;
    for (const VerdictRecord& verdict : run.verdicts) {
        if (verdict.array == array && same_limit(verdict, limit)) {
            cell += "<div>" + verdict_cell(verdict) + "</div>";
        }
    }
    return cell.empty() ? "<span class=\"none-yet\">no such limit</span>" : cell;
}

void add_limits(Table& table, const RunRecord& run) {
    if (run.verdicts.empty() && run.capacity.empty()) {
        table.wide("The plan states no limit, so nothing passed and nothing failed.", "none-yet");
    }
    for (auto one = run.verdicts.begin(); one != run.verdicts.end(); ++one) {
        const bool seen = std::any_of(run.verdicts.begin(), one, [&](const VerdictRecord& other) {
            return same_limit(*one, other);
        });
        if (seen) {
            continue;
        }
        const std::string where = view::name_of(view::Load{one->workload, one->point, 0});
        std::vector<std::string> cells = {
            fmt::format("{}<span class=\"small\">{}</span>", said(one->limit), said(where))};
        for (const std::string& name : view::array_names(run)) {
            cells.push_back(limit_cell(run, *one, name));
        }
        table.row(cells);
    }
}

// The run's own headlines, then its limits, then what else a reader asks first.
std::string scoreboard(const RunRecord& run) {
    if (run.arrays.empty() && run.rounds.empty()) {
        return "";
    }
    Table table(score_columns(run), "score");
    const auto rows = headline_rows(run);
    const auto is_given = [&](const HeadlineRow& row) {
        return std::any_of(run.headlines.begin(), run.headlines.end(), [&](const auto& headline) {
            return headline.name == row.name;
        });
    };
    for (const HeadlineRow& row : rows) {
        if (is_given(row)) {
            add_headline(table, row);
        }
    }
    add_limits(table, run);
    for (const HeadlineRow& row : rows) {
        if (!is_given(row)) {
            add_headline(table, row);
        }
    }
    return table.html();
}

} // namespace

std::string answer_section(const RunRecord& run) {
    const Answer told = answer(run);
    std::string out = "<section id=\"answer\" aria-labelledby=\"answer-title\" "
                      "style=\"margin-top:0\">\n" +
                      opening(run, told) + scoreboard(run) + forest(run);
    if (!told.not_measured.empty()) {
        out += "<div class=\"gaps\"><h3>Not measured</h3><ul>" + sentences(told.not_measured) +
               "</ul></div>\n";
    }
    return out + "</section>\n";
}

} // namespace results::html
