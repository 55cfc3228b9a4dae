// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <string>
#include <vector>

namespace results::view {

// One number of two tools side by side, as text for people.
struct CrossCheckRow {
    std::string what; // "read P99"
    std::string bench;
    std::string tool;
    std::string difference; // Of the tool from this bench; empty where one of them has none.
};

// The columns' titles. Neither tool's latency says here how long an access waited to be sent.
inline constexpr const char* cross_check_what = "Service time, not response";
inline constexpr const char* cross_check_difference = "Difference from this bench";

std::vector<CrossCheckRow> cross_check_rows(const CrossCheckRecord& check);

} // namespace results::view
