// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <map>
#include <string>

// The forms in which a run is handed on: pure functions, no files, no clock, no locale. The same
// record gives the same bytes.
namespace results {

std::string html_report(const RunRecord& run);     // One file, no network.
std::string markdown_report(const RunRecord& run); // For a merge request or a mail.
std::string junit_report(const RunRecord& run);    // A test case per limit and per finding.
std::string openmetrics(const RunRecord& run);     // Text exposition, ends in "# EOF".
std::string json_summary(const RunRecord& run);    // results/schema/summary.schema.json
std::string
fio_report(const RunRecord& run); // fio's json+, a job per round: for fio-plot and the like

// Tidy tables, one row per observation: "rounds.csv", "intervals.csv", "percentiles.csv",
// "histogram.csv".
std::map<std::string, std::string> csv_tables(const RunRecord& run);

} // namespace results
