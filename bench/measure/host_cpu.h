// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace bench::measure {

// What this host and this process have used of their CPUs so far; two of them make a share.
struct CpuUse {
    std::uint64_t host_busy_ticks = 0; // All CPUs, all processes.
    std::uint64_t host_all_ticks = 0;
    double process_s = 0;

    static CpuUse now(); // Host ticks stay 0 where /proc/stat cannot be read.
};

double host_fraction(const CpuUse& from, const CpuUse& to);

} // namespace bench::measure
