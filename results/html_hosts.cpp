// SPDX-License-Identifier: Apache-2.0
#include "results/host_rows.h"
#include "results/html_page.h"
#include "results/html_sections.h"

#include <iterator>

namespace results::html {

std::string host_tables(const RunRecord& run) {
    Table table({std::begin(view::host_row_titles), std::end(view::host_row_titles)});
    bool is_any = false;
    for (const view::Load& load : view::loads(run)) {
        for (const std::string& array : view::array_names(run)) {
            const auto rows = view::host_rows(view::rounds_at(run, array, load));
            if (rows.empty()) {
                continue;
            }
            is_any = true;
            table.wide("<strong>" + said(array) + ", " + said(view::name_of(load)) + "</strong>",
                       "stream");
            for (const view::HostRow& row : rows) {
                std::vector<std::string> cells;
                for (const std::string& cell : view::cells_of(row)) {
                    cells.push_back(said(cell));
                }
                table.row(cells);
            }
        }
    }
    if (!is_any) {
        return "";
    }
    return "<h3>Several hosts drove this load</h3>\n"
           "<p>Each its part of every round; all histograms are put together without loss. A host "
           "that starts late or whose lanes are busy would hide in the sums.</p>\n" +
           table.html();
}

} // namespace results::html
