// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <string>
#include <vector>

namespace results {

// The run in words: what the first screen says, and what a mail would.
struct Answer {
    Outcome outcome = Outcome::not_measured; // The worst that holds for the run as a whole.
    std::vector<std::string> clauses;        // Per array: "A kept all 4 limits".
    std::string sentence;                    // The clauses as one.
    std::vector<std::string> remarks;        // Comparison, findings, invalid rounds, interruption.
    std::vector<std::string> not_measured;   // One sentence each; never passed in silence.
};
Answer answer(const RunRecord& run);

// "4.2 ms (3.9 ms to 4.5 ms) against 5 ms", or "not measured".
std::string value_against_bound(const VerdictRecord& verdict);

// "B 23 % lower (18 % to 28 % lower)": the ratio and its interval as a person says it.
std::string change_with_interval(const ComparisonRecord& comparison);

// The big numbers of the first screen, one row per name in order, one cell per array (aligned with
// view::array_names; not every array has each).
struct HeadlineRow {
    std::string name;
    std::string note;
    std::vector<std::optional<HeadlineRecord>> cells;
};
std::vector<HeadlineRow> headline_rows(const RunRecord& run);

} // namespace results
