// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/sinks.h"
#include "results/text/escape.h"

#include <fmt/format.h>

namespace bench::egress {

using results::text::escape_html;

namespace {

constexpr const char* style =
    R"(:root{color-scheme:light dark;--ink:#1b2330;--dim:#5b6678;--line:#d8dee8;--paper:#fff;--card:#f6f8fb;--bad:#b3261e;--note:#7a5b00}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf3;--dim:#9aa6b8;--line:#323b49;--paper:#12161d;--card:#1a202a;--bad:#ff8a80;--note:#e6c35c}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.dim{color:var(--dim);margin:0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}td,th{border-bottom:1px solid var(--line);padding:.35rem .5rem;text-align:right}
td:first-child,th:first-child{text-align:left}article{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0;overflow-wrap:anywhere}
.finding{border-left:4px solid var(--bad)}.note{border-left:4px solid var(--note)}b.kind{color:var(--bad)}.note b.kind{color:var(--note)}
code{font-size:.85rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .75rem;margin:.5rem 0 0;font-size:.9rem}dt{color:var(--dim)}dd{margin:0})";

std::string row(std::string_view name, const Tally& tally) {
    return fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escape_html(name), tally.frames, tally.bytes);
}

std::string finding_html(const EgressFinding& finding) {
    std::string out = fmt::format("<article class=\"{}\"><b class=kind>{}</b> {}<dl>",
                                  finding.severity == "finding" ? "finding" : "note",
                                  escape_html(finding.kind),
                                  escape_html(finding.summary));
    const auto line = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            out += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(name), escape_html(value));
        }
    };
    line("test", finding.test);
    line("confidence", finding.confidence);
    line("phase", finding.phase);
    line("first seen", finding.first_ns == 0 ? "" : utc_text(finding.first_ns));
    line("last seen", finding.last_ns == 0 ? "" : utc_text(finding.last_ns));
    for (const auto& [key, value] : finding.details) {
        line(key, value);
    }
    if (!finding.filter.empty()) {
        out += "<dt>Wireshark</dt><dd><code>" + escape_html(finding.filter) + "</code></dd>";
    }
    line("Community ID", finding.community_id);
    return out + "</dl></article>";
}

} // namespace

std::string html_egress_report(const EgressReport& report) {
    const Analysis& analysis = *report.analysis;
    const Ledger& ledger = analysis.ledger();
    std::string out = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
                      "content=\"width=device-width\">"
                      "<title>Egress</title><style>" +
                      std::string(style) + "</style>";
    out += fmt::format("<h1>Egress of {}</h1><p class=dim>Policy: {}. {} to {}, {} flows.</p>",
                       escape_html(report.source),
                       escape_html(report.policy),
                       utc_text(analysis.first_ns()),
                       utc_text(analysis.last_ns()),
                       analysis.flows().size());
    out += "<h2>Books</h2><table><tr><th>path</th><th>frames</th><th>bytes</th></tr>";
    const auto& rules = analysis.policy().rules();
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
        out += row("allowed: " + rules[rule].name, ledger.allowed_by_rule()[rule]);
    }
    out += row("unlisted", ledger.unlisted()) + row("undecoded", ledger.undecoded()) +
           row("captured (record headers)", ledger.captured()) + "</table>";
    out += fmt::format("<p class=dim>allowed + unlisted + undecoded = captured: {}</p>",
                       ledger.balances() ? "yes" : "NO");
    out += fmt::format("<h2>Findings ({})</h2>", report.findings.size());
    for (const EgressFinding& finding : report.findings) {
        out += finding_html(finding);
    }
    if (report.findings.empty()) {
        out += "<p>None, within what this capture could have shown:</p>";
    }
    out += "<h2>What this capture could have shown</h2><ul>";
    for (const std::string& text : report.canary_lines) {
        out += "<li>" + escape_html(text);
    }
    for (const std::string& text : report.notes) {
        out += "<li>" + escape_html(text);
    }
    for (const std::string& text : report.detectable) {
        out += "<li>" + escape_html(text);
    }
    for (const std::string& text : report.not_measured) {
        out += "<li><b class=kind>Not measured</b>: " + escape_html(text);
    }
    return out + "</ul></html>\n";
}

} // namespace bench::egress
