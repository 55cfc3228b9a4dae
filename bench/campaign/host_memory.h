// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"

#include <cstdint>

namespace bench::campaign {

// What the kernel says can be used without swapping (MemAvailable); 0 if it says nothing.
std::uint64_t memory_available_bytes();

// The most that writing for so long leaves in the memory of one emulated LUN: no more than may be
// touched, no more than an emulated array can take in.
double kept_bytes(double touched_bytes, double seconds);

// What the plan's emulated arrays will keep in memory, at most: every LUN its working set, or as
// much as the asked rates write.
double memory_needed_bytes(const plan::Plan& plan);

// Throws HostError when a need does not fit into what is available, a tenth of it left for others.
// Where nothing is known (0) nothing is refused.
void check_memory(double needed_bytes, std::uint64_t available_bytes);

} // namespace bench::campaign
