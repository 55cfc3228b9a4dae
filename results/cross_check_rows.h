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

std::vector<CrossCheckRow> cross_check_rows(const CrossCheckRecord& check);

} // namespace results::view
