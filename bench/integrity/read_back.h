// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"
#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace bench::integrity {

struct ReadBackSettings {
    std::uint32_t piece_bytes = 256U << 10U;
    // What the array can hold in its cache, 0 = unknown. A working set larger than this is first
    // read through once, unjudged, so that each block has left the cache when it is judged.
    std::uint64_t cache_bytes = 0;
    std::string preceded_by; // "power_cut", "failover": what emptied the cache, if anything did.
    drivers::Duration time_limit{std::chrono::hours(24)};
    const std::atomic<bool>* stop = nullptr;
    KeeperSettings keeper;
};

struct ReadBackResult {
    FindingLog findings;
    KeeperCounts counts;
    std::uint64_t bytes_read = 0; // Judged pass only.
    std::uint64_t bytes_failed = 0;
    bool complete = false; // False: out of time, stopped, or the array stopped answering.
    std::string after;     // What came between writing and reading, in words.
};

// Reads a working set back in sequence and holds every block against its expectation. Nothing else
// may use the LUN meanwhile. Takes the driver, since it must be closed before its buffers go.
ReadBackResult read_back(std::unique_ptr<drivers::BlockDriver> driver,
                         Expectation& expectation,
                         const ReadBackSettings& settings,
                         drivers::Clock& clock);

} // namespace bench::integrity
