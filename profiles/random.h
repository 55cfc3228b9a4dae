// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace profiles {

__extension__ using Wide = unsigned __int128;

// Spreads one number over many: a seed's children are unrelated to each other.
constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31U);
}

// The upper half of a product: a 64-bit random number scaled to 0 .. bound-1.
constexpr std::uint64_t scaled(std::uint64_t random, std::uint64_t bound) noexcept {
    return static_cast<std::uint64_t>((Wide{random} * bound) >> 64U);
}

// xoshiro256++ (Blackman and Vigna 2019): four words of state, a few cycles a number.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept {
        for (auto& word : state_) {
            seed = mixed(seed);
            word = seed;
        }
    }

    std::uint64_t next() noexcept {
        const std::uint64_t out = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return out;
    }

    std::uint64_t below(std::uint64_t bound) noexcept { return scaled(next(), bound); }

    // 0 <= x < 1
    double fraction() noexcept { return static_cast<double>(next() >> 11U) * 0x1p-53; }

    bool chance(double probability) noexcept { return fraction() < probability; }

private:
    std::array<std::uint64_t, 4> state_{};
};

} // namespace profiles
