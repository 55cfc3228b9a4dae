// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/stamp_layout.h"

#include <algorithm>
#include <cmath>

namespace bench::integrity {

namespace {

constexpr std::size_t sector_size = 512;
constexpr std::size_t body_size = sector_size - stamp_header_bytes;
constexpr std::size_t nonce_size = 8;

// What lz4 1.9 takes to say that a run of zeros follows a run of noise, measured over blocks of
// 8 KiB to 1 MiB: a token, three or four bytes of lengths, a distance, and what it finds late.
constexpr int run_cost = 9;
// What a header costs that is not whitened: most of it repeats from sector to sector.
constexpr int plain_header_cost = 17;
// What lz4 saves of a token: marker, LUN, phase and arm repeat.
constexpr int canary_saves = 23;

} // namespace

std::size_t noise_bytes(std::size_t sector_bytes, double share) noexcept {
    if (share <= 0) {
        return sector_bytes;
    }
    const double left = static_cast<double>(sector_bytes) * (1 - std::min(share, 1.0)) - run_cost;
    return static_cast<std::size_t>(std::lround(std::max(left, 0.0)));
}

StampLayout stamp_layout(std::uint8_t compressible_percent, bool wants_canary) noexcept {
    if (compressible_percent == 0) {
        return {true, wants_canary, body_size};
    }
    const auto noise = static_cast<int>(noise_bytes(sector_size, compressible_percent / 100.0)) +
                       (wants_canary ? canary_saves : 0);
    const int token = wants_canary ? static_cast<int>(canary_token_bytes) : 0;
    const auto whole = [](int bytes) {
        return std::min(static_cast<std::size_t>(bytes), body_size);
    };
    const int whitened = noise - static_cast<int>(stamp_header_bytes);
    const int whitened_least = static_cast<int>(nonce_size) + token;
    if (whitened >= whitened_least - static_cast<int>(nonce_size) / 2) {
        return {true, wants_canary, whole(std::max(whitened, whitened_least))};
    }
    const int plain = noise - plain_header_cost;
    if (plain >= token) {
        return {false, wants_canary, whole(plain)};
    }
    return wants_canary ? stamp_layout(compressible_percent, false) : StampLayout{false, false, 0};
}

StampLayout earlier_stamp_layout(std::uint8_t compressible_percent, bool wants_canary) noexcept {
    constexpr std::size_t words = body_size / 8;
    const std::size_t percent = std::min<std::size_t>(compressible_percent, 100);
    const std::size_t random = words - words * percent / 100;
    return {false, wants_canary && random >= canary_words, random * 8};
}

} // namespace bench::integrity
