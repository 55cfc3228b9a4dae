// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lab.h"
#include "results/run_record.h"

#include <optional>

namespace bench::campaign {

// What an array can hold in its cache, by its file; 0 = it has none, empty = nobody said.
std::optional<std::uint64_t> cache_bytes_of(const profiles::ArrayDescription& described);

// Plays the verify phase at a round's end: makes the array's cache forget the working set, reads
// all of it back and holds every block against what it must be. Findings, counts and what came
// before the reading go into the round. Of several hosts each reads what it has written. Throws
// ArrayError if blocks cannot be read.
struct VerifyOrder {
    const plan::PlanPhase& phase;
    bool only_own = false;
};
void verify_phase(ArrayUnderTest& array,
                  const VerifyOrder& order,
                  drivers::Clock& clock,
                  results::RoundRecord& round);

} // namespace bench::campaign
