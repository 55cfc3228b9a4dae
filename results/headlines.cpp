// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>

namespace results {

namespace {

using Cells = std::vector<std::optional<HeadlineRecord>>;

HeadlineRow& row_named(std::vector<HeadlineRow>& rows, const std::string& name, std::size_t cells) {
    for (HeadlineRow& row : rows) {
        if (row.name == name) {
            return row;
        }
    }
    rows.push_back({name, "", Cells(cells)});
    return rows.back();
}

// How many of the blocks that were looked at did not hold what was written.
void add_blocks(std::vector<HeadlineRow>& rows, const RunRecord& run) {
    const auto names = view::array_names(run);
    HeadlineRow row{"Blocks that lied", "of those read back and checked", Cells(names.size())};
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (const IntegrityRecord& one : run.integrity) {
            if (one.array != names[i] || one.units_checked == 0) {
                continue;
            }
            HeadlineRecord cell;
            cell.higher_is_better = false;
            cell.value = static_cast<double>(
                view::count_findings(view::findings(run, "integrity"), one.array));
            cell.note = fmt::format("of {} checked", text::grouped(one.units_checked));
            row.cells[i] = cell;
        }
    }
    if (!run.integrity.empty()) {
        rows.push_back(row);
    }
}

// The numbers at one load that every array was measured at.
void add_at_load(std::vector<HeadlineRow>& rows, const RunRecord& run, const view::Load& load) {
    const auto names = view::array_names(run);
    for (const double share : {0.5, 0.99}) {
        HeadlineRow row{share < 0.9 ? "Response time, half of accesses within"
                                    : "Response time, 99 of 100 within",
                        fmt::format("{} at {}", load.workload, load.point),
                        Cells(names.size())};
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto rounds = view::valid_only(view::rounds_at(run, names[i], load));
            const Histogram all = view::merged(rounds, "", &StreamRecord::response_ns);
            if (const auto value = view::measured(all, share)) {
                HeadlineRecord cell;
                cell.value = static_cast<double>(*value);
                cell.unit = "ns";
                cell.higher_is_better = false;
                row.cells[i] = cell;
            }
        }
        rows.push_back(row);
    }
}

void add_throughput(std::vector<HeadlineRow>& rows, const RunRecord& run, const view::Load& last) {
    const auto names = view::array_names(run);
    HeadlineRow rate{"Most accesses per second", last.workload, Cells(names.size())};
    HeadlineRow bytes{"Most data per second", last.workload, Cells(names.size())};
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (const view::Load& load : view::loads(run)) {
            const auto rounds = view::valid_only(view::rounds_at(run, names[i], load));
            if (load.workload != last.workload || rounds.empty()) {
                continue;
            }
            const double per_s = view::mean_achieved_per_s(rounds);
            if (!rate.cells[i] || per_s > rate.cells[i]->value) {
                HeadlineRecord cell;
                cell.value = per_s;
                cell.unit = "/s";
                rate.cells[i] = cell;
                cell.value = view::mean_bytes_per_s(rounds);
                cell.unit = "B/s";
                bytes.cells[i] = cell;
            }
        }
    }
    rows.push_back(rate);
    rows.push_back(bytes);
}

} // namespace

std::vector<HeadlineRow> headline_rows(const RunRecord& run) {
    const auto names = view::array_names(run);
    std::vector<HeadlineRow> rows;
    for (const HeadlineRecord& headline : run.headlines) {
        HeadlineRow& row = row_named(rows, headline.name, names.size());
        const auto place = std::find(names.begin(), names.end(), headline.array) - names.begin();
        if (static_cast<std::size_t>(place) < names.size()) {
            row.cells[static_cast<std::size_t>(place)] = headline;
        }
    }
    add_blocks(rows, run);
    if (const auto load = view::common_load(run)) {
        add_at_load(rows, run, *load);
        add_throughput(rows, run, *load);
    }
    return rows;
}

} // namespace results
