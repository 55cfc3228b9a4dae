// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/random.h"
#include "profiles/workload.h"
#include "profiles/zipf.h"

#include <vector>

namespace profiles {

struct Region { // Of the LUN.
    std::uint64_t from_bytes = 0;
    std::uint64_t size_bytes = 0;
};

// Where one stream's accesses fall within its region. Random kinds are aligned to the access's own
// size; sequential ones follow each other and start again at the end.
class Placement {
public:
    // `region` holds at least one access of every size in `blocks`, in every zone.
    Placement(const Locality& locality, Region region, const std::vector<BlockShare>& blocks);

    // Offset of an access of the size with this index in `blocks`.
    std::uint64_t place(std::size_t block, Random& random) noexcept;

private:
    struct Slots { // The region as seen by one access size.
        std::uint64_t size_bytes;
        std::uint64_t count;
        std::uint64_t hot;
        std::uint64_t stride; // Coprime to `count`: scatters neighbouring ranks over the region.
        Zipf zipf;
    };
    std::uint64_t next_in_zone(std::uint64_t size_bytes) noexcept;

    Locality locality_;
    Region region_;
    std::vector<Slots> slots_;
    std::uint64_t zone_bytes_;
    std::vector<std::uint64_t> cursors_; // Within each zone; sequential has one zone.
    std::size_t zone_ = 0;
};

} // namespace profiles
