// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/findings.h"

#include <string>
#include <vector>

namespace bench::egress {

// What an analysis of one capture says, in one piece.
struct EgressReport {
    std::string source; // File or interface
    std::string policy; // Name, or why there is none
    const Analysis* analysis = nullptr;
    std::vector<EgressFinding> findings;
    std::vector<std::string> detectable;
    std::vector<std::string>
        not_measured; // Reasons why silence proves nothing; empty = none known.
    std::uint64_t dropped = 0;
    std::string ended_early;
    std::vector<std::string> canary_lines;
    std::vector<std::string> notes; // Of the source: what kind of evidence this is.

    // A finding of severity "finding"; notes do not count.
    bool has_findings() const;
};

std::string text_report(const EgressReport& report);
std::string json_report(const EgressReport& report);
std::string html_egress_report(const EgressReport& report);

std::string utc_text(std::int64_t utc_ns); // 2026-01-31T23:59:59.123456789Z

// Zeek's tab-separated conn.log and dns.log, Suricata's EVE JSON lines, and a classic nanosecond
// pcap.
std::string zeek_conn_log(const Analysis& analysis);
std::string zeek_dns_log(const Analysis& analysis);
std::string eve_json(const EgressReport& report);
std::string pcap_file(const std::vector<EvidenceFrame>& frames);

// A policy that allows just what was seen, for a person to read, name and cut down.
profiles::Policy draft_policy(const Analysis& analysis, const std::string& name);

} // namespace bench::egress
