// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/view.h"

#include <string>
#include <vector>

namespace results::view {

// One host's share over the rounds of an array at a load, as text for people.
struct HostRow {
    std::string host; // "2/4 node7"
    std::string offered;
    std::string achieved;
    std::string skew; // Latest start after the round's first host, with its error.
    std::string done; // Its last answer after the round's start: earliest and latest.
    std::string slip; // P99 of its worst round.
    std::string lane; // Its busiest lane, its processors.
    std::string cpu;
    std::string rounds; // "10 of 10", of those it finished.
};

constexpr const char* host_row_titles[] = {"Host", // NOLINT(modernize-avoid-c-arrays)
                                           "Offered",
                                           "Achieved",
                                           "Started late by",
                                           "Done after",
                                           "Slip P99",
                                           "Busiest lane",
                                           "Host CPU",
                                           "Rounds finished"};

// Empty where one host drove all of them.
std::vector<HostRow> host_rows(const Rounds& rounds);
std::vector<std::string> cells_of(const HostRow& row);

} // namespace results::view
