// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/text/human.h"
#include "results/view.h"

#include <fmt/format.h>

namespace results::html {

std::string finding_cards(const std::vector<FindingRecord>& findings, const RunRecord& run) {
    constexpr std::size_t shown_max = 50; // The rest is in the run's folder.
    std::string out;
    std::size_t shown = 0;
    for (const FindingRecord& finding : findings) {
        if (++shown > shown_max) {
            out += fmt::format("<p><strong>{} more</strong> are in the run's folder.</p>\n",
                               findings.size() - shown_max);
            break;
        }
        std::string details;
        for (const auto& [name, value] : finding.details) {
            details += "<dt>" + said(name) + "</dt><dd>" + said(value) + "</dd>";
        }
        out += fmt::format(
            "<article class=\"finding{}\"><h3>{}: {}</h3><p>{}</p><dl>{}{}{}</dl>",
            finding.severity == "note" ? " note" : "",
            finding.severity == "note" ? "Note" : "Finding",
            said(finding.kind),
            said(finding.summary),
            "<dt>array</dt><dd>" + key(view::slot(run, finding.array), finding.array) + "</dd>",
            finding.phase.empty() ? "" : "<dt>phase</dt><dd>" + said(finding.phase) + "</dd>",
            details);
        if (!finding.cutout.empty()) {
            std::string lines; // A cut-out may have several; each is cleaned by itself.
            for (std::size_t at = 0; at <= finding.cutout.size();) {
                const std::size_t end =
                    std::min(finding.cutout.find('\n', at), finding.cutout.size());
                lines += (at > 0 ? "\n" : "") + esc(finding.cutout.substr(at, end - at));
                at = end + 1;
            }
            out += "<pre>" + lines + "</pre>";
        }
        out += "</article>\n";
    }
    return out;
}

std::string integrity_section(const RunRecord& run) {
    std::string body;
    if (run.integrity.empty()) {
        body =
            "<p><span class=\"pill none\">not measured</span> Nothing was read back and compared "
            "with what had been written, so nothing is said about it.</p>\n";
    } else {
        Table table(
            {"Array", "Read back", "Units written", "Checked", "Undecidable", "After", "Findings"});
        for (const IntegrityRecord& one : run.integrity) {
            const std::size_t found =
                view::count_findings(view::findings(run, "integrity"), one.array);
            table.row({key(view::slot(run, one.array), one.array),
                       said(one.verify),
                       text::grouped(one.units_written),
                       text::grouped(one.units_checked),
                       text::grouped(one.units_undecidable),
                       said(one.after),
                       found > 0 ? fmt::format("<strong>{}</strong>", found) : "none"});
            if (!one.note.empty()) {
                table.wide(said(one.note), "small");
            }
        }
        body = table.html();
    }
    return section(
        {"integrity",
         "Data integrity",
         "Every 512 bytes written carry a stamp that says who wrote them, where and when. "
         "Read back, each block either tells the truth or its lie has a name. Undecidable: "
         "the outcome of a write was unknown, so neither answer would be an error.",
         view::any_emulated(run)},
        body + finding_cards(view::findings(run, "integrity"), run));
}

namespace {

std::string ports_table(const RunRecord& run) {
    Table table({"Port", "Array", "Kind", "Watched by"}, "words");
    for (const ArrayRecord& array : run.arrays) {
        for (const PortRecord& port : array.ports) {
            const bool watched = !port.watched_by.empty() && !run.egress.empty();
            table.row(
                {said(port.name),
                 key(view::slot(run, array.name), array.name),
                 said(port.kind),
                 watched ? said(port.watched_by) : "<span class=\"pill none\">not watched</span>"});
        }
    }
    return table.empty() ? "" : "<h3>Ports</h3>\n" + table.html();
}

std::string accounting(const RunRecord& run) {
    Table table({"Array",
                 "Watched for",
                 "Frames",
                 "Lost",
                 "Captured, bytes",
                 "Allowed",
                 "Unlisted",
                 "Undecoded",
                 "Allowed but unreadable"});
    const auto size = text::grouped; // Exact, for these must add up.
    for (const EgressRecord& one : run.egress) {
        const bool balanced =
            one.allowed_bytes + one.unlisted_bytes + one.undecoded_bytes == one.captured_bytes;
        table.row(
            {key(view::slot(run, one.array), one.array) +
                 (one.phase.empty() ? "" : " <span class=\"small\">" + said(one.phase) + "</span>"),
             text::duration(static_cast<double>(one.watched_ns)),
             text::grouped(one.frames),
             text::grouped(one.frames_lost),
             size(one.captured_bytes),
             size(one.allowed_bytes),
             one.unlisted_bytes > 0 ? "<strong>" + size(one.unlisted_bytes) + "</strong>" : "0",
             size(one.undecoded_bytes),
             size(one.unreadable_bytes)},
            balanced && one.not_measured.empty() ? "" : "invalid");
        if (!balanced) {
            table.wide("The bytes do not add up: this capture proves nothing.", "why");
        }
        if (!one.not_measured.empty()) {
            table.wide("<strong>Not measured:</strong> " + said(one.not_measured), "why");
        }
    }
    return "<h3>Every byte accounted for</h3>\n" + table.html();
}

std::string percent(double share) {
    return fmt::format("{:.3g} %", share * 100);
}

std::string taps_table(const RunRecord& run) {
    Table table({"Array and tap",
                 "Marker frames from",
                 "Sent",
                 "Not captured",
                 "Share of all frames lost (95 %)",
                 "Dropped, as the kernel counts"});
    for (const EgressRecord& one : run.egress) {
        for (const TapRecord& tap : one.taps.value_or(std::vector<TapRecord>())) {
            const bool is_known = tap.loss_low && tap.loss_high;
            table.row({key(view::slot(run, one.array), one.array) + " <span class=\"small\">" +
                           said(tap.interface) + "</span>",
                       tap.markers_from.empty() ? "none" : said(tap.markers_from),
                       text::grouped(tap.markers_sent),
                       text::grouped(tap.markers_lost),
                       is_known ? percent(*tap.loss_low) + " to " + percent(*tap.loss_high)
                                : "<span class=\"pill none\">not measured</span>",
                       text::grouped(tap.dropped)},
                      tap.markers_lost + tap.dropped > 0 ? "invalid" : "");
            if (!tap.note.empty()) {
                table.wide(said(tap.note), "small");
            }
        }
    }
    return table.empty() ? "" : "<h3>What the taps may have missed</h3>\n" + table.html();
}

std::string detection_limits(const RunRecord& run) {
    Table table({"Detector", "Array", "The least it would have found"}, "words");
    for (const EgressRecord& one : run.egress) {
        for (const auto& [detector, least] : one.smallest_seen) {
            table.row({said(detector), key(view::slot(run, one.array), one.array), said(least)});
        }
    }
    return table.empty() ? "" : "<h3>What silence means here</h3>\n" + table.html();
}

} // namespace

std::string egress_section(const RunRecord& run) {
    std::string body;
    if (run.egress.empty()) {
        body =
            "<p><span class=\"pill none\">not measured</span> No packet was captured in this run. "
            "Nothing is said about what the arrays send.</p>\n";
    } else {
        const auto found = view::findings(run, "egress");
        body = (found.empty() ? "<p>No finding. Read this together with what could have been seen, "
                                "below.</p>\n"
                              : finding_cards(found, run)) +
               accounting(run) + taps_table(run) + detection_limits(run);
    }
    return section(
        {"egress",
         "What the arrays send out by themselves",
         "Everything that leaves a port and is not declared is a finding. Silence counts "
         "only for ports that were watched, and only down to the rates given here.",
         view::any_emulated(run)},
        body + ports_table(run));
}

} // namespace results::html
