// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace drivers::array {

// Chance that a seed repeats: SplitMix64 (Steele, Lea, Flood 2014), a few nanoseconds a draw.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept
        : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }
    double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; } // [0, 1)
    std::uint64_t below(std::uint64_t limit) noexcept { // 0 for a limit of 0.
        return static_cast<std::uint64_t>(unit() * static_cast<double>(limit));
    }

private:
    std::uint64_t state_;
};

} // namespace drivers::array
