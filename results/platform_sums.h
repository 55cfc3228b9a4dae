// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"
#include "results/view.h"

#include <string>
#include <vector>

namespace results {

// What the platform lost and waited for on one array at one load, over all its rounds: an array
// that loses product in a round that does not count has lost it all the same.
struct PlatformSum {
    view::Load load;
    std::string array;
    std::size_t rounds = 0;
    double lost_pdus = 0;
    double lost_target_seconds = 0;
    double high_water_bytes = 0; // The most of any round ...
    double buffer_bytes = 0;     // ... of so many.
    Histogram commit_delay_ns;
    double seals_late = 0;
    double searches_over_limit = 0;
    double playbacks_over_limit = 0;
};

// Of every load that is told; nothing of loads that are no platform's.
std::vector<PlatformSum> platform_sums(const RunRecord& run);

// The columns and cells of a table of them, as plain text: load, array, and the numbers.
std::vector<std::string> platform_columns();
std::vector<std::string> platform_cells(const PlatformSum& sum);

// Who lost most at each load on each array, over all rounds there; at most so many of each kind. Of
// searches for capacity too: where an array gives out is where somebody loses.
std::vector<std::string> loss_columns();
std::vector<std::vector<std::string>> loss_rows(const RunRecord& run, std::size_t most);

} // namespace results
