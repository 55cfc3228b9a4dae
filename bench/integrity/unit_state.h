// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/finding.h"

#include <cstdint>

namespace bench::integrity {

// How far a settled unit's content is known to have come to stable media.
inline constexpr std::uint16_t epoch_durable = 0;    // Flushed, or written with FUA.
inline constexpr std::uint16_t epoch_suspect = 4095; // A power cut came first: may be gone.
inline constexpr std::uint16_t epoch_first = 1;      // 1 .. 4064: flushes begun by the time it was
inline constexpr std::uint16_t epoch_count = 4064;   // acknowledged, modulo epoch_count; or, from
inline constexpr std::uint16_t epoch_coarse_first = 4096; // here on, modulo epoch_coarse_count.
inline constexpr std::uint16_t epoch_coarse_count = 254;
static_assert(epoch_count % epoch_coarse_count == 0);

// What one unit holds by its last acknowledged write, and what no power cut may take away.
struct UnitState {
    ContentKind kind = ContentKind::unknown;
    std::uint64_t generation = 0; // Stamped: exactly; zero: never more than the truth.
    std::uint32_t entry = 0;      // Duplicate.
    std::uint16_t epoch = epoch_durable;
    // What no power cut may go back behind: writes of this generation or later are legal then, and
    // with kind zero or duplicate such content too; unknown: nothing is promised.
    ContentKind durable_kind = ContentKind::unknown;
    std::uint64_t durable_generation = 0; // Never more than the truth.
};

// UnitState in 8 bytes, which say all by themselves: no counter and no other unit is needed to read
// them, so that it does not matter how many writes came since. Written down in README.md.
std::uint64_t pack(const UnitState& state) noexcept;
UnitState unpack(std::uint64_t packed) noexcept;

// The same, for what is done to every unit of a LUN.
std::uint16_t epoch_of(std::uint64_t packed) noexcept;
std::uint64_t with_epoch(std::uint64_t packed, std::uint16_t epoch) noexcept;

// Files of format 1 kept only the low 34 bits of a generation. Of what was written when less than
// `next` generations had been issued: the unit as it was where only one generation can be meant,
// else nothing known.
std::uint64_t from_format_1(std::uint64_t packed, std::uint64_t next) noexcept;

// Written to, but what is there nobody can say. A unit never written to is 0.
inline constexpr std::uint64_t packed_unknown = 1;

// A unit the bench lost track of (the side table was full): never judged again.
inline constexpr std::uint64_t packed_given_up = ~0ULL;

} // namespace bench::integrity
