// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>

namespace drivers::array {

enum class Shape : std::uint8_t { fixed, lognormal, exponential };

// A service time. Lognormal is given by its median and its 99th percentile, exponential by its
// median alone.
struct DistributionSettings {
    Shape shape = Shape::fixed;
    Duration median{0};
    Duration p99{0};

    bool is_nothing() const noexcept { return median == Duration{0}; }
};

// What commands cost. All zero: nothing costs anything.
struct ServiceSettings {
    // Each controller: so many commands at once, each taking as long as its kind says.
    std::uint32_t processors = 8;
    DistributionSettings read;
    DistributionSettings write;
    DistributionSettings flush;
    DistributionSettings unmap;
    std::uint64_t link_bytes_per_s = 0; // Each controller's ports together; 0 = no limit.
    Duration forwarding{0};             // Added when a controller does not own the LUN.
    std::uint32_t queue_limit = 0;      // Commands in service per controller; 0 = no limit.

    // Shared by all controllers: disks or flash channels.
    std::uint32_t media_servers = 0; // 0 = everything is in memory.
    DistributionSettings media_read;
    DistributionSettings media_write;
    std::uint64_t media_bytes_per_s = 0; // Of each server; 0 = no limit.

    // Cache: reads of recently used granules need no media; writes wait once it is full.
    std::uint64_t read_cache_bytes = 0;
    std::uint64_t write_cache_bytes = 0;
    std::uint64_t destage_bytes_per_s = 0; // 0 = the write cache never fills.
    double destage_read_factor = 1;        // Media reads are so much slower while destaging.

    Duration thin_allocation{0};     // Per granule that a write allocates.
    Duration compression{0};         // Per KiB of incompressible data; compressible data cost less.
    bool destage_compressed = false; // Only what compression leaves goes to media.
};

} // namespace drivers::array
