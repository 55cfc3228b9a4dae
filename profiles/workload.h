// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/source.h"

#include <string>
#include <vector>

namespace profiles {

struct BlockShare { // One block size and how often it occurs.
    std::uint64_t size_bytes = 4096;
    double share = 1;
};

enum class Spot : std::uint8_t { uniform, zipf, sequential, hot_spot, append };

// Where in the working set a stream's accesses fall.
struct Locality {
    Spot spot = Spot::uniform;
    double zipf_theta = 0.9;
    double hot_space = 0.1;    // hot_spot: this share of the region ...
    double hot_accesses = 0.9; // ... gets this share of the accesses.
    std::uint32_t zones = 1;   // append: so many cursors, each in its own circular zone.
    double region_from = 0;    // The part of the working set that is the stream's own.
    double region_to = 1;
};

// One class of accesses with a histogram of its own.
struct WorkloadStream {
    std::string name;
    AccessOp op = AccessOp::read;
    double share = 1; // Of all accesses, as a weight.
    std::vector<BlockShare> blocks{BlockShare{}};
    Locality locality;
    double fua_share = 0;
};

enum class Pace : std::uint8_t { closed, fixed, poisson, bursts };

// When accesses are due. Open loop (all but closed): whatever the array does.
struct Arrivals {
    Pace pace = Pace::closed;
    std::uint32_t depth = 1; // Closed: so many are always in flight.
    double rate_per_s = 0;   // Open: the mean.
    Duration on{0};          // Bursts: Poisson arrivals for `on`, silence for `off`, repeated.
    Duration off{0};
};

struct FlushCadence {
    std::uint64_t every_writes = 0; // 0 = never.
    Duration every{0};              // 0 = never.
};

// What written content looks like to an array that reduces data.
struct DataReduction {
    double compressible_share = 0;   // What lz4 saves of it, in blocks of 8 KiB or more.
    double duplicate_share = 0;      // Of the blocks of a set written throughout: those that repeat
                                     // another one, as they are drawn from a dictionary ...
    std::uint32_t dictionary = 1024; // ... of at most so many contents, one in 100 blocks.
};

struct Workload {
    std::string name;
    std::string purpose;
    std::vector<WorkloadStream> streams;
    Arrivals arrivals;
    FlushCadence flush;
    DataReduction reduction;
    std::uint64_t working_set_bytes = 0; // 0 = the whole LUN.
    Duration ramp{0};                    // At the front of each round; not measured.
};

bool writes(const Workload& workload) noexcept; // Anything that changes data.
std::uint64_t largest_access_bytes(const Workload& workload) noexcept; // That carry data.

} // namespace profiles
