// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"

#include "results/charts/svg.h"
#include "results/text/escape.h"
#include "results/view.h"

#include <fmt/format.h>

namespace results::html {

namespace {

std::string pill_of(const char* kind, const char* sign, const char* word) {
    return fmt::format(
        R"(<span class="pill {}"><span aria-hidden="true">{}</span> {}</span>)", kind, sign, word);
}

} // namespace

std::string esc(std::string_view text) {
    return text::escape_html(text);
}

std::string said(std::string_view text) {
    return "<bdi>" + text::escape_html(text) + "</bdi>";
}

std::string pill(Outcome outcome) {
    switch (outcome) {
    case Outcome::pass:
        return pill_of("good", "\xE2\x9C\x93", "pass");
    case Outcome::fail:
        return pill_of("bad", "\xE2\x9C\x95", "fail");
    case Outcome::inconclusive:
        return pill_of("open", "?", "inconclusive");
    case Outcome::not_measured:
        break;
    }
    return pill_of("none", "\xE2\x80\x93", "not measured");
}

std::string pill(Word word) {
    switch (word) {
    case Word::better:
        return pill_of("good", "\xE2\x96\xB2", "better");
    case Word::worse:
        return pill_of("bad", "\xE2\x96\xBC", "worse");
    case Word::equivalent:
        return pill_of("same", "=", "equivalent");
    case Word::inconclusive:
        break;
    }
    return pill_of("open", "?", "inconclusive");
}

std::string key(int slot, const std::string& name) {
    return fmt::format(R"(<span class="key s{}">{}</span>)", slot, said(name));
}

std::string array_keys(const RunRecord& run) {
    std::string out;
    int slot = 0;
    for (const std::string& name : view::array_names(run)) {
        out += key(slot++, name) + " ";
    }
    return out;
}

std::string section(const Heading& heading, const std::string& body) {
    return fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}"
                       "{2}</h2>\n{3}{4}</section>\n",
                       heading.id,
                       heading.title,
                       heading.emulated ? " <span class=\"emulated\">EMULATED</span>" : "",
                       heading.intro.empty() ? ""
                                             : "<p class=\"intro\">" + heading.intro + "</p>\n",
                       body);
}

std::string figure(const charts::Chart& chart, const std::string& legend, int width) {
    const int height = width > 700 ? 380 : 300;
    return fmt::format("<figure><figcaption><strong>{}</strong><span class=\"legend\">{}</span>"
                       "</figcaption><div class=\"plot\">{}{}<div class=\"tip\" hidden></div></div>"
                       "<output class=\"sr\" aria-live=\"polite\"></output></figure>\n",
                       said(chart.title),
                       legend,
                       charts::draw(chart, {width, height, "wide"}),
                       charts::draw(chart, {358, 290, "narrow"}));
}

std::string panels(const std::string& what, const std::vector<Panel>& list, std::size_t chosen) {
    if (list.size() == 1) {
        return list[0].body;
    }
    std::string options;
    std::string bodies;
    for (std::size_t i = 0; i < list.size(); ++i) {
        options += fmt::format("<option value=\"{}\"{}>{}</option>",
                               i,
                               i == chosen ? " selected" : "",
                               esc(list[i].label));
        bodies += fmt::format("<div class=\"panel\"{}><p class=\"panel-name\">{}</p>{}</div>\n",
                              i == chosen ? "" : " hidden",
                              said(list[i].label),
                              list[i].body);
    }
    return fmt::format("<div class=\"panels\"><label class=\"choose\">{} <select>{}</select>"
                       "</label>\n{}</div>\n",
                       what,
                       options,
                       bodies);
}

Table::Table(const std::vector<std::string>& columns, const std::string& kind)
    : columns_(columns.size()) {
    head_ =
        fmt::format("<div class=\"scroll\" tabindex=\"0\"><table class=\"{}\"><thead><tr>", kind);
    for (const std::string& column : columns) {
        head_ += "<th scope=\"col\">" + column + "</th>";
    }
    head_ += "</tr></thead><tbody>\n";
}

void Table::row(const std::vector<std::string>& cells, const std::string& kind) {
    rows_ += kind.empty() ? "<tr>" : "<tr class=\"" + kind + "\">";
    bool first = true;
    for (const std::string& cell : cells) {
        rows_ += first ? "<th scope=\"row\">" + cell + "</th>" : "<td>" + cell + "</td>";
        first = false;
    }
    rows_ += "</tr>\n";
}

void Table::wide(const std::string& cell, const std::string& kind) {
    rows_ +=
        fmt::format("<tr class=\"{}\"><td colspan=\"{}\">{}</td></tr>\n", kind, columns_, cell);
}

std::string Table::html() const {
    return head_ + rows_ + "</tbody></table></div>\n";
}

std::string fold(const std::string& summary, const std::string& body) {
    return "<details><summary>" + summary + "</summary>" + body + "</details>\n";
}

} // namespace results::html
