// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/floor.h"
#include "bench/integrity/unsettled.h"

#include <cstdint>

namespace bench::integrity {

// True if the write that ended at `ended` (the base: 0) is overwritten for a read begun at `before`
// by one that began when it could no longer land and that is there for sure. `solid`: and that no
// power cut can have taken away.
bool is_overwritten(std::uint64_t ended,
                    const Unsettled& unit,
                    std::uint64_t before,
                    const FlushEpochs* solid = nullptr) noexcept;

// Of what is no longer among a unit's versions, if all of them are lost.
Floor floor_of_overwritten(const Unsettled& unit,
                           const FlushEpochs& epochs,
                           std::uint64_t strict_from) noexcept;

// The floor under a unit whose versions are all lost: of what `goes` with `over`'s overwriting, or
// with `over` null all of them, whatever was not overwritten durably.
Floor floor_under(const Unsettled& unit,
                  const Version* over,
                  const FlushEpochs& epochs,
                  std::uint64_t strict_from) noexcept;

// Lets go of what is overwritten for every read begun at `horizon` or later; what of it a power cut
// may still bring back goes into the floor and beside the writes that it ran beside.
void supersede(Unsettled& unit,
               std::uint64_t horizon,
               const FlushEpochs& epochs,
               std::uint64_t strict_from) noexcept;

} // namespace bench::integrity
