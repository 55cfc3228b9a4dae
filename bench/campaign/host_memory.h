// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"

#include <cstdint>
#include <map>
#include <string>

namespace bench::campaign {

// What the kernel says can be used without swapping (MemAvailable); 0 if it says nothing.
std::uint64_t memory_available_bytes();

// The most that writing for so long leaves in the memory of one emulated LUN: no more than may be
// touched, no more than an emulated array can take in.
double kept_bytes(double touched_bytes, double seconds);

// What a run will keep in this host's memory, at most.
struct MemoryNeed {
    double luns_bytes = 0;        // Emulated LUNs: their working set, or as much as is written.
    double bookkeeping_bytes = 0; // What each block of every LUN must hold.
    double load_bytes = 0;        // Buffers, keepers and the model, at the largest load.

    double sum_bytes() const noexcept { return luns_bytes + bookkeeping_bytes + load_bytes; }
};

// Of a plan with everything in it: rounds, preconditioning, and the search for capacity up to its
// largest number of targets. `capacities`: by array, of LUNs whose size no file tells; where a real
// array is not named its bookkeeping is left out.
MemoryNeed memory_needed(const plan::Plan& plan,
                         const std::map<std::string, std::uint64_t>& capacities = {});

// Throws HostError when a need does not fit into what is available, a tenth of it left for others.
// Where nothing is known (0) nothing is refused.
void check_memory(const MemoryNeed& need, std::uint64_t available_bytes);

} // namespace bench::campaign
