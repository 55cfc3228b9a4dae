// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/canary_token.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench::integrity {

inline constexpr std::size_t sector_bytes = 512; // The bench's unit of truth, whatever the LUN's.

using Sector = std::span<const std::byte, sector_bytes>;

// What every 512 bytes written say of themselves. On the medium, little-endian words of 8 bytes:
//   0 magic | 1 run | 2 address | 3 generation | 4 issued_ns
//   5 lane (16 bits), compressible_percent (8), version (8), CRC32C of all 512 bytes with this
//     field as zero (32)
//   6..63 body: generated from run, address and generation; zeros at its end.
// Versions 3 and 4: words 0..5, but for the checksum, are exclusive-ored with rotations of word 6,
// so that nothing in the sector repeats from one to the next. Versions 1 and 2 stand as they are;
// they are written only where the share asked for leaves no room for a header that does not
// compress (above 88 %), and read wherever an earlier run wrote them.
// Versions 2 and 4 bear a canary token, in words 6..10 or 7..11; a sector whose body has less than
// that to give bears none.
// The zeros are as many as it takes for lz4 to save `compressible_percent` of many such sectors,
// within 2 percentage points: but at least 4 % with tokens, whose markers repeat, and at most 95 %.
struct Stamp {
    std::uint64_t run = 0;
    std::uint64_t address_bytes = 0; // Of these 512 bytes on the LUN.
    std::uint64_t generation = 0;    // Of the write; all sectors of one write share it.
    std::uint64_t issued_ns = 0;     // Monotonic.
    std::uint16_t lane = 0;
    std::uint8_t compressible_percent = 0;
    const CanaryPlanter* canary = nullptr; // Plants a token in every sector; borrowed.
};

// Stamps every sector of `data` (a multiple of 512 bytes); `first` is the first one's stamp, the
// addresses of the others follow.
void write_stamps(std::span<std::byte> data, const Stamp& first) noexcept;

// True if every sector of `data` carries a valid stamp of this run and generation and of its own
// address, the first being `address_bytes`: the fast way to say that all is well.
bool holds_stamps(std::span<const std::byte> data, const Stamp& first) noexcept;

// True if the sector carries a stamp with a valid checksum, whoever's: `out` is then filled.
bool read_stamp(Sector sector, Stamp& out) noexcept;

// The stamp's fields as they stand, checksum or not; false if even the magic is not there.
bool read_damaged_stamp(Sector sector, Stamp& out) noexcept;

bool is_zero(std::span<const std::byte> data) noexcept;

// A sector of the dictionary of duplicate contents: it carries no address, else it would not be a
// duplicate. Says of itself which entry it is and how much of it compresses.
struct DictionarySector {
    std::uint64_t seed = 0;
    std::uint32_t entry = 0;  // Below dictionary_entries.
    std::uint32_t sector = 0; // Within the entry, below 65536.
    std::uint8_t compressible_percent = 0;
};
inline constexpr std::uint32_t dictionary_entries = 1U << 14U;

void write_dictionary(std::span<std::byte> data, DictionarySector first) noexcept;
// Whatever share of it compresses: that, each sector says itself.
bool holds_dictionary(std::span<const std::byte> data, DictionarySector first) noexcept;
bool read_dictionary(Sector sector, DictionarySector& out) noexcept;

// How many bits of a sector differ from what `expected` makes of it. `issued_ns` and `lane` of
// `expected` count only if `issued_known`; else the sector's own are taken as right unless its
// checksum shows otherwise.
struct Damage {
    std::uint32_t bits = 0;
    std::uint32_t first_byte = 0;
    std::uint32_t last_byte = 0;
};
Damage damage_of(Sector found, const Stamp& expected, bool issued_known) noexcept;
Damage damage_of(Sector found, const DictionarySector& expected) noexcept;

// The bench's own mark: a valid stamp or dictionary sector of any run. What is neither this nor
// zeros is somebody's data.
bool is_own_mark(Sector sector) noexcept;

} // namespace bench::integrity
