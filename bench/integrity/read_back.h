// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"
#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace bench::integrity {

struct ReadBackSettings {
    std::uint32_t piece_bytes = 256U << 10U;
    // What the array can hold in its cache, 0 = unknown or none. More than that is read first,
    // unjudged, so that what is judged has left the cache: the working set itself if it is larger,
    // else blocks beside it. At most half of the time limit goes into it.
    std::uint64_t cache_bytes = 0;
    bool thin = false; // Unmapped blocks beside the working set may not pass through the cache.
    std::string preceded_by; // "power_cut", "failover": what emptied the cache, if anything did.
    drivers::Duration time_limit{std::chrono::hours(24)};
    const std::atomic<bool>* stop = nullptr;
    bool only_known = false; // Leave out what others read back, since nothing is known of it here.
    KeeperSettings keeper;
};

// How a read that was given up has ended: its status and its sense.
using ReadFailure = std::pair<drivers::Status, std::uint32_t>;

struct ReadBackResult {
    FindingLog findings;
    KeeperCounts counts;
    std::uint64_t bytes_read = 0; // Judged pass only.
    std::uint64_t bytes_failed = 0;
    std::map<ReadFailure, std::uint64_t> failures;     // How, and how many reads.
    drivers::DriverEnd end = drivers::DriverEnd::none; // The driver's, and why.
    std::string end_reason;
    bool complete = false;   // False: out of time, stopped, or the array stopped answering.
    bool cache_left = false; // More than the cache holds was read, or `preceded_by` emptied it.
    std::string after;       // What came between writing and reading, in words.
};

// Reads a working set back in sequence and holds every block against its expectation. Nothing else
// may use the LUN meanwhile. Takes the driver, since it must be closed before its buffers go.
ReadBackResult read_back(std::unique_ptr<drivers::BlockDriver> driver,
                         Expectation& expectation,
                         const ReadBackSettings& settings,
                         drivers::Clock& clock);

} // namespace bench::integrity
