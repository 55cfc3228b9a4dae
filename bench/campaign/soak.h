// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::campaign {

// Resident memory of one process over a soak.
struct SoakCurve {
    std::string process;                  // "bench", "emulated array"
    std::vector<std::uint64_t> rss_bytes; // A sample a second or more often, in order.

    // Medians of the second and the fourth quarter: the first one is for warming up.
    std::uint64_t early_bytes() const;
    std::uint64_t late_bytes() const;
    bool grows() const; // By more than 5 % and 4 MiB.
};

// Loads an emulated array in a child process for so long, in rounds, with every block checked, and
// watches the memory of both. Throws what a campaign throws.
std::vector<SoakCurve> run_soak(drivers::Duration length);

std::string soak_text(const std::vector<SoakCurve>& curves);

} // namespace bench::campaign
