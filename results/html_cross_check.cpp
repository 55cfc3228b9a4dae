// SPDX-License-Identifier: Apache-2.0
#include "results/cross_check_rows.h"
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/view.h"

#include <fmt/format.h>

namespace results::html {

namespace {

std::string one_check(const RunRecord& run, const CrossCheckRecord& check) {
    std::string out = fmt::format("<h3>{}: {} at {}, measured again by {}</h3>\n",
                                  key(view::slot(run, check.array), check.array),
                                  said(check.workload),
                                  said(check.point),
                                  said(check.tool));
    if (!check.not_measured.empty()) {
        return out + "<p><strong>Not measured.</strong> " + said(check.not_measured) + "</p>\n";
    }
    Table table(
        {view::cross_check_what, "This bench", said(check.tool), view::cross_check_difference});
    for (const view::CrossCheckRow& row : view::cross_check_rows(check)) {
        table.row({said(row.what), said(row.bench), said(row.tool), said(row.difference)});
    }
    out += table.html() + "<p>Why the two may differ:</p>\n<ul class=\"remarks\">";
    for (const std::string& reason : check.reasons) {
        out += "<li>" + said(reason) + "</li>";
    }
    return out + "</ul>\n";
}

} // namespace

std::string cross_check_tables(const RunRecord& run) {
    std::string out;
    if (run.cross_checks) {
        for (const CrossCheckRecord& check : *run.cross_checks) {
            out += one_check(run, check);
        }
    }
    return out;
}

} // namespace results::html
