// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/sinks.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace bench::egress {

namespace {

std::string ledger_text(const EgressReport& report) {
    const Ledger& ledger = report.analysis->ledger();
    const auto row = [](const std::string& name, const Tally& tally) {
        return fmt::format("  {:<44} {:>12} frames {:>16} B\n", name, tally.frames, tally.bytes);
    };
    std::string out = "Books\n";
    const auto& rules = report.analysis->policy().rules();
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
        const Tally tally = ledger.allowed_by_rule()[rule];
        if (tally.frames > 0) {
            out += row("allowed by \"" + rules[rule].name + "\"", tally);
        }
    }
    out += row("allowed", ledger.allowed()) + row("unlisted", ledger.unlisted()) +
           row("undecoded", ledger.undecoded());
    out += row("captured (record headers)", ledger.captured());
    out += ledger.balances()
               ? "  allowed + unlisted + undecoded = captured: yes\n"
               : "  allowed + unlisted + undecoded = captured: NO, the books do not balance\n";
    return out;
}

std::string finding_text(const EgressFinding& finding) {
    std::string out =
        fmt::format("* [{}] {}: {}\n", finding.severity, finding.kind, finding.summary);
    out += fmt::format("    test: {}; confidence {}\n", finding.test, finding.confidence);
    if (finding.first_ns != 0) {
        out += fmt::format("    when: {} to {}{}\n",
                           utc_text(finding.first_ns),
                           utc_text(std::max(finding.first_ns, finding.last_ns)),
                           finding.phase.empty() ? "" : ", phase " + finding.phase);
    }
    for (const auto& [key, value] : finding.details) {
        out += fmt::format("    {}: {}\n", key, value);
    }
    if (!finding.filter.empty()) {
        out += "    Wireshark: " + finding.filter + "\n";
    }
    if (!finding.community_id.empty()) {
        out += "    Community ID: " + finding.community_id + "\n";
    }
    return out;
}

} // namespace

bool EgressReport::has_findings() const {
    return std::any_of(findings.begin(), findings.end(), [](const EgressFinding& finding) {
        return finding.severity == "finding";
    });
}

std::string utc_text(std::int64_t utc_ns) {
    const std::time_t seconds = utc_ns / 1'000'000'000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(seconds), utc_ns % 1'000'000'000);
}

std::string text_report(const EgressReport& report) {
    const Analysis& analysis = *report.analysis;
    std::string out = fmt::format("Egress of {} under policy {}\n", report.source, report.policy);
    if (analysis.ledger().captured().frames > 0) {
        out += fmt::format(
            "  {} to {}, {} flows{}\n",
            utc_text(analysis.first_ns()),
            utc_text(analysis.last_ns()),
            analysis.flows().size(),
            analysis.flows().folded_count() == 0
                ? ""
                : fmt::format(" (and {} older ones folded)", analysis.flows().folded_count()));
    }
    for (const std::string& note : report.notes) {
        out += "  " + note + "\n";
    }
    out += "\n" + ledger_text(report);
    const FragmentCounts& fragments = analysis.fragments();
    const StreamCounts& streams = analysis.streams();
    out +=
        fmt::format("  fragments {}, reassembled {}, overlapping {}, incomplete {}, malformed {}\n",
                    fragments.fragments,
                    fragments.reassembled,
                    fragments.overlaps,
                    fragments.incomplete,
                    fragments.malformed);
    out += fmt::format("  stream gaps {} ({} B), retransmitted stretches {}; malformed transport "
                       "headers {}; wrong checksums {} (offload "
                       "looks the same)\n\n",
                       streams.gaps,
                       streams.gap_bytes,
                       streams.overlaps,
                       analysis.malformed_transport_frames(),
                       analysis.bad_checksum_frames());
    const auto count =
        std::count_if(report.findings.begin(),
                      report.findings.end(),
                      [](const EgressFinding& finding) { return finding.severity == "finding"; });
    out += fmt::format("Findings: {}, notes: {}\n",
                       count,
                       static_cast<std::ptrdiff_t>(report.findings.size()) - count);
    for (const EgressFinding& finding : report.findings) {
        out += finding_text(finding);
    }
    for (const std::string& line : report.canary_lines) {
        out += line + "\n";
    }
    out += "\nWhat this capture could have shown\n";
    for (const std::string& line : report.detectable) {
        out += "  " + line + "\n";
    }
    for (const std::string& reason : report.not_measured) {
        out += "NOT MEASURED: " + reason + "\n";
    }
    return out;
}

} // namespace bench::egress
