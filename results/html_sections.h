// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <string>

// The report in reading order; each returns HTML, or nothing where there is nothing to say and its
// absence is said elsewhere.
namespace results::html {

std::string answer_section(const RunRecord& run);     // The first screen.
std::string capacity_section(const RunRecord& run);   // Targets sustained.
std::string platform_section(const RunRecord& run);   // The interception platform's day.
std::string percentile_section(const RunRecord& run); // Response time by percentile, and streams.
std::string load_section(const RunRecord& run);       // Response time against load, with the knee.
std::string time_section(const RunRecord& run);       // Response time and throughput over time.
std::string fault_section(const RunRecord& run);      // Disturbances, side by side.
std::string audit_section(const RunRecord& run); // Was the load that was offered the load asked?
std::string integrity_section(const RunRecord& run);
std::string egress_section(const RunRecord& run);
std::string difference_section(const RunRecord& run); // Configuration of the sides.
std::string evidence_section(const RunRecord& run);   // Host, self-test, unseen, how to reproduce.
std::string words_section();                          // Glossary.

std::string stream_tables(const RunRecord& run);      // Part of the percentile section.
std::string cross_check_tables(const RunRecord& run); // Part of the audit.
std::string host_tables(const RunRecord& run);        // Also; of hosts that drove it together.
std::string finding_cards(const std::vector<FindingRecord>& findings, const RunRecord& run);

} // namespace results::html
