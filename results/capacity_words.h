// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <string>
#include <vector>

// How a search for capacity is told in words, the same in every form of a report.
namespace results {

// "412", "at least 1,000", "fewer than 150", "not measured"
std::string sustained_text(const CapacityRecord& one);

// "398 to 431 (95 %)", "above 398 (95 %)"; empty: the search gave no interval.
std::string interval_text(const CapacityRecord& one);

// "costs 45 targets (30 to 60)", "costs at least 105 targets", "frees 12 targets", ...; of a
// variant. Empty: nothing can be said.
std::string cost_text(const CapacityRecord& one);

// One number of targets that was tried: how its rounds went, what was lost and what came late.
std::vector<std::string> capacity_point_columns();
std::vector<std::string> capacity_point_cells(const CapacityPointRecord& point);

} // namespace results
