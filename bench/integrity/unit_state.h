// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/finding.h"

#include <cstdint>

namespace bench::integrity {

// How far a settled unit's content is known to have come to stable media.
inline constexpr std::uint16_t epoch_durable = 0;    // Flushed, or written with FUA.
inline constexpr std::uint16_t epoch_suspect = 4095; // A power cut came first: may be gone.
inline constexpr std::uint16_t epoch_first = 1;      // 1 .. 4094: flushes begun by the time it was
inline constexpr std::uint16_t epoch_count = 4094;   // acknowledged, modulo epoch_count.

// What one unit holds by its last acknowledged write, and what no power cut may take away.
struct UnitState {
    ContentKind kind = ContentKind::unknown;
    std::uint64_t generation = 0; // Stamped.
    std::uint32_t entry = 0;      // Duplicate.
    std::uint16_t epoch = epoch_durable;
    // What no power cut may go back behind: writes of this generation or later are legal then, and
    // with kind zero or duplicate such content too; unknown: nothing is promised.
    ContentKind durable_kind = ContentKind::unknown;
    std::uint64_t durable_generation = 0; // Never more than the truth.
};

// UnitState in 8 bytes: kind 2 bits, durable kind 2, epoch 12, then 14 bits (stamped: generation
// minus durable generation, rounded up to 10 significant bits; duplicate: entry), then the low 34
// bits of a generation (stamped: its own; else the durable one).
std::uint64_t pack(const UnitState& state) noexcept;

// `newest` is at least every generation issued so far: it gives back the upper bits.
UnitState unpack(std::uint64_t packed, std::uint64_t newest) noexcept;

// A unit the bench lost track of (the side table was full): never judged again.
inline constexpr std::uint64_t packed_given_up = ~0ULL;

} // namespace bench::integrity
