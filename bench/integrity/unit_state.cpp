// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/unit_state.h"

#include <algorithm>
#include <bit>

namespace bench::integrity {

namespace {

constexpr unsigned generation_bits = 34;
constexpr unsigned extra_bits = 14;
constexpr unsigned epoch_bits = 12;
constexpr std::uint64_t generation_mask = (1ULL << generation_bits) - 1;
constexpr std::uint64_t extra_mask = (1ULL << extra_bits) - 1;
constexpr unsigned mantissa_bits = 9;
constexpr std::uint64_t mantissa_top = 1ULL << mantissa_bits;

// 5 bits of exponent, 9 of mantissa; never less than the value.
std::uint64_t shrink(std::uint64_t value) noexcept {
    if (value < mantissa_top) {
        return value;
    }
    auto shift = static_cast<unsigned>(std::bit_width(value)) - (mantissa_bits + 1);
    std::uint64_t top = (value + (1ULL << shift) - 1) >> shift;
    if (top >> (mantissa_bits + 1) != 0) {
        top >>= 1U;
        ++shift;
    }
    const std::uint64_t out =
        static_cast<std::uint64_t>(shift + 1) << mantissa_bits | (top - mantissa_top);
    return std::min(out, extra_mask);
}

std::uint64_t expand(std::uint64_t small) noexcept {
    const std::uint64_t exponent = small >> mantissa_bits;
    const std::uint64_t mantissa = small & (mantissa_top - 1);
    if (small == extra_mask) { // As far back as can be.
        return ~0ULL;
    }
    return exponent == 0 ? mantissa : (mantissa + mantissa_top) << (exponent - 1);
}

std::uint64_t widen(std::uint64_t low, std::uint64_t newest) noexcept {
    const std::uint64_t guess = (newest & ~generation_mask) | low;
    return guess > newest && guess > generation_mask ? guess - generation_mask - 1 : guess;
}

} // namespace

std::uint64_t pack(const UnitState& state) noexcept {
    std::uint64_t generation = state.durable_generation;
    std::uint64_t extra = state.kind == ContentKind::duplicate ? state.entry & extra_mask : 0;
    if (state.kind == ContentKind::stamped) {
        generation = state.generation;
        const bool ahead = state.durable_kind != ContentKind::unknown &&
                           state.generation > state.durable_generation;
        extra = ahead ? shrink(state.generation - state.durable_generation) : 0;
    }
    return static_cast<std::uint64_t>(state.kind) << 62U |
           static_cast<std::uint64_t>(state.durable_kind) << 60U |
           static_cast<std::uint64_t>(state.epoch) << 48U | extra << generation_bits |
           (generation & generation_mask);
}

UnitState unpack(std::uint64_t packed, std::uint64_t newest) noexcept {
    UnitState out;
    if (packed == packed_given_up) {
        return out;
    }
    out.kind = static_cast<ContentKind>(packed >> 62U);
    out.durable_kind = static_cast<ContentKind>(packed >> 60U & 3U);
    out.epoch = static_cast<std::uint16_t>(packed >> 48U & ((1U << epoch_bits) - 1));
    const std::uint64_t extra = packed >> generation_bits & extra_mask;
    const std::uint64_t generation = widen(packed & generation_mask, newest);
    if (out.kind == ContentKind::stamped) {
        out.generation = generation;
        const std::uint64_t behind = expand(extra);
        out.durable_generation = behind < generation ? generation - behind : 0;
    } else {
        out.entry = static_cast<std::uint32_t>(extra);
        out.durable_generation = generation;
    }
    return out;
}

} // namespace bench::integrity
