// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/schedule.h"
#include "profiles/source.h"
#include "profiles/workload.h"

#include <memory>
#include <vector>

namespace profiles {

struct WorkingSet { // The part of a LUN that a source may touch.
    std::uint64_t from_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint32_t block_bytes = 512; // Every access is a multiple of it.
};

// Throws FileError where an access of the workload is no multiple of the LUN's block.
void want_whole_blocks(const Workload& workload, std::uint32_t block_bytes);

// A seeded source of the workload's accesses. Shards share the schedule or the depth between them,
// and each keeps to its own part of every stream's region. Throws FileError when the working set is
// too small for the workload or its block size does not fit.
std::unique_ptr<Source>
make_source(const Workload& workload, const WorkingSet& set, std::uint64_t seed, Shard shard);

// What one shard of the workload touches: where each stream's accesses lie. Throws as make_source.
struct TouchedPart {
    std::uint64_t from_bytes = 0;
    std::uint64_t size_bytes = 0;
    bool is_changed = false; // Written, unmapped or zeroed; else only read.
};
std::vector<TouchedPart>
touched_parts(const Workload& workload, const WorkingSet& set, Shard shard);

} // namespace profiles
