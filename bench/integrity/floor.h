// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/flush_epochs.h"
#include "bench/integrity/unit_state.h"

#include <cstdint>

namespace bench::integrity {

inline constexpr std::uint64_t not_yet = ~0ULL;

// What a unit may show where everything acknowledged since is lost in a power cut: stamped content
// of this generation or later, with kind zero or duplicate such content too; unknown: anything.
// As it is made: nothing at all.
struct Floor {
    ContentKind kind = ContentKind::stamped;
    std::uint64_t generation = not_yet;

    static constexpr Floor anything() noexcept { return {ContentKind::unknown, 0}; }
    void add(ContentKind content, std::uint64_t its_generation) noexcept;
    void add(const Floor& other) noexcept;
    void keep_only(const Floor& other) noexcept; // What both allow.
};

// Of a settled unit; `strict_from`: below it, writes may have happened that nobody remembers.
Floor floor_of(const UnitState& state,
               const FlushEpochs& epochs,
               std::uint64_t strict_from) noexcept;

inline bool may_be_forgotten(std::uint64_t generation, std::uint64_t strict_from) noexcept {
    return strict_from != 0 && generation < strict_from;
}

} // namespace bench::integrity
