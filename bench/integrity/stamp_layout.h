// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/canary_token.h"

#include <cstddef>
#include <cstdint>

namespace bench::integrity {

inline constexpr std::size_t stamp_header_bytes = 48;
inline constexpr std::size_t canary_words = canary_token_bytes / 8;

// How the 512 bytes of a stamped sector are shared out.
struct StampLayout {
    bool whitened = true; // The header does not compress.
    bool canary = false;
    std::size_t body_bytes = 0; // Behind the header, a token included; then zeros.

    // Where a token begins, in words of 8 bytes.
    constexpr std::size_t canary_from() const noexcept {
        return stamp_header_bytes / 8 + (whitened ? 1 : 0);
    }
};

// So that lz4 saves `compressible_percent` of many sectors, as near as it can be had.
StampLayout stamp_layout(std::uint8_t compressible_percent, bool wants_canary) noexcept;

// As versions 1 and 2 were laid out before the share was one that lz4 saves.
StampLayout earlier_stamp_layout(std::uint8_t compressible_percent, bool wants_canary) noexcept;

// The bytes of a sector of `sector_bytes`, noise followed by zeros, that have to be noise for lz4
// to save `share` of many such sectors.
std::size_t noise_bytes(std::size_t sector_bytes, double share) noexcept;

} // namespace bench::integrity
