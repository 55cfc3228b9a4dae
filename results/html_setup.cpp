// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/put_off.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

namespace results::html {

namespace {

std::map<std::string, std::string> configuration(const RunRecord& run, const ArrayRecord& array) {
    std::map<std::string, std::string> out = array.settings;
    out["address"] = array.url;
    out["block size"] = text::size(array.block_bytes);
    out["capacity"] = text::size(static_cast<double>(array.capacity_bytes));
    out["identity"] = array.unique_id;
    out["product"] = array.vendor + " " + array.product;
    out["revision"] = array.revision;
    out["serial number"] = array.serial;
    out["transport"] = array.transport;
    out["declared in"] = array.file;
    if (std::string text = put_off_text(run, array.name); !text.empty()) {
        out["put off"] = std::move(text);
    }
    if (array.price) {
        out["price"] = text::with_unit(*array.price, "") + " " + array.currency;
    }
    return out;
}

struct Split {
    std::string differing;
    std::string same;
};

Split split(const RunRecord& run) {
    std::vector<std::string> columns = {"Setting"};
    std::vector<std::map<std::string, std::string>> sides;
    std::set<std::string> names;
    for (const ArrayRecord& array : run.arrays) {
        columns.push_back(key(view::slot(run, array.name), array.name));
        sides.push_back(configuration(run, array));
        for (const auto& [name, value] : sides.back()) {
            names.insert(name);
        }
    }
    Table differing(columns, "words");
    Table same(columns, "words");
    for (const std::string& name : names) {
        std::vector<std::string> cells = {said(name)};
        std::set<std::string> values;
        for (auto& side : sides) {
            const auto found = side.find(name);
            cells.push_back(found == side.end() ? "<span class=\"none-yet\">not given</span>"
                                                : said(found->second));
            values.insert(found == side.end() ? std::string("\n") : found->second);
        }
        (values.size() > 1 ? differing : same).row(cells);
    }
    return {differing.empty() ? "" : differing.html(), same.empty() ? "" : same.html()};
}

std::string pairs(const std::map<std::string, std::string>& values) {
    std::string out;
    for (const auto& [name, value] : values) {
        out += "<dt>" + said(name) + "</dt><dd>" + said(value) + "</dd>";
    }
    return "<dl>" + out + "</dl>\n";
}

std::string unseen(const RunRecord& run) {
    std::string out;
    for (const std::string& sentence : run.not_seen) {
        out += "<li>" + said(sentence) + "</li>";
    }
    return "<h3>What this run could not have seen</h3>\n" +
           (out.empty() ? std::string("<p class=\"none-yet\">The run states nothing; take that as "
                                      "unknown, not as complete.</p>\n")
                        : "<ul class=\"remarks\">" + out + "</ul>\n");
}

constexpr std::array<std::array<const char*, 2>, 17> words = {{
    {"array", "The storage system under test."},
    {"LUN, namespace", "A volume of the array, as iSCSI or NVMe names it."},
    {"access", "One intended read or write, with an instant at which it is due."},
    {"response time", "From due to done. Wait (due to sent) and service (sent to done) together."},
    {"P99", "The time within which 99 of 100 accesses were done. P99.9: 999 of 1,000; and so on."},
    {"not measured", "No answer, rather than a good one: too few samples, or nobody looked."},
    {"load point", "How much was asked, in accesses per second, depth or targets."},
    {"round", "One array measured once at one load point. The unit of every comparison."},
    {"pair, block", "Rounds of each array at the same point, close in time, in random order."},
    {"interval", "The range in which the true value lies with the stated confidence."},
    {"margin", "The largest difference that does not matter, stated before the run."},
    {"better, worse", "The interval lies outside no difference, beyond the margin's near side."},
    {"equivalent", "The whole interval lies inside the margin."},
    {"inconclusive", "The run cannot tell: more rounds are needed."},
    {"knee", "The highest load of which at least 99 % was done."},
    {"slip", "How late the bench itself was in sending. Large slip makes a point invalid."},
    {"emulated", "The array is a program on the test host, not a product."},
}};

} // namespace

std::string difference_section(const RunRecord& run) {
    if (run.arrays.empty()) {
        return "";
    }
    const Split tables = split(run);
    return section(
        {"differences",
         "Differences between the sides",
         "A comparison is fair if nothing but the array differs. This is all that did.",
         view::any_emulated(run)},
        (tables.differing.empty() ? "<p>Nothing differs.</p>\n" : tables.differing) +
            (tables.same.empty() ? "" : fold("What is the same on all sides", tables.same)));
}

std::string evidence_section(const RunRecord& run) {
    std::string proof = "<h3>Does the instrument find what it looks for?</h3>\n";
    if (run.self_test.empty()) {
        proof +=
            "<p><span class=\"pill none\">not measured</span> This run carries no self-test of "
            "its build.</p>\n";
    } else {
        proof += "<p class=\"small\">Faults injected one at a time into emulated arrays by this "
                 "build, and what was reported.</p>\n" +
                 pairs(run.self_test);
    }
    const std::string how =
        "<h3>How to reproduce</h3>\n<pre>" + esc(run.command) + "</pre>\n" +
        fmt::format(
            "<p class=\"small\">Same seed ({}), same order of rounds, same accesses. Check "
            "this run's files and recompute its numbers with <code>arraybench verify</code>."
            "</p>\n",
            run.seed);
    return section({"evidence", "Evidence", "", view::any_emulated(run)},
                   unseen(run) + proof + how + "<h3>Host</h3>\n" + pairs(run.host));
}

std::string words_section() {
    std::string out;
    for (const auto& [word, meaning] : words) {
        out += fmt::format("<dt>{}</dt><dd>{}</dd>", word, meaning);
    }
    return section({"words", "Words", "", false}, "<dl class=\"glossary\">" + out + "</dl>\n");
}

} // namespace results::html
