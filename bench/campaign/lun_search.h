// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"

#include <vector>

namespace bench::campaign {

// The ways to the LUN that `wanted` identifies, as many as another host has, as this host has them.
// The other's names are tried first and then doubted: a network may lead to other portals, a kernel
// gives its devices names of its own, an array may show a LUN to each host under another number.
// Throws ArrayError if none of them is it.
struct SearchedLun {
    std::vector<plan::Url> told;      // Where another host has it.
    std::vector<plan::Url> described; // Every path that the array's file names.
    drivers::Identity wanted;
};
std::vector<plan::Url>
find_lun(const SearchedLun& lun, const plan::DriverOptions& options, drivers::Clock& clock);

} // namespace bench::campaign
