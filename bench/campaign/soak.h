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
    // From each of the last three quarters to the next, by more than 2 % and 2 MiB: an allocator
    // that once keeps what it was given back makes one step, a leak makes them all.
    bool grows() const;
};

// Loads an emulated array in a child process for so long, in rounds, with every block checked, and
// watches the memory of both. Throws what a campaign throws.
std::vector<SoakCurve> run_soak(drivers::Duration length);

std::string soak_text(const std::vector<SoakCurve>& curves);

} // namespace bench::campaign
