// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/persona/compressibility.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace drivers::array {

namespace {
constexpr std::size_t samples = 128;
constexpr double values_of_noise = 100.7; // 256 x (1 - (255/256)^128)
} // namespace

double incompressible_share(std::span<const std::byte> data) noexcept {
    if (data.size() < samples) {
        return 1;
    }
    std::array<std::uint64_t, 4> seen{};
    const std::size_t stride = data.size() / samples | 1U; // Odd: not one column of a table.
    std::size_t at = 0;
    for (std::size_t i = 0; i < samples && at < data.size(); ++i, at += stride) {
        const auto value = static_cast<std::uint8_t>(data[at]);
        seen[value / 64U] |= std::uint64_t{1} << (value % 64U);
    }
    int different = 0;
    for (const std::uint64_t bits : seen) {
        different += std::popcount(bits);
    }
    return std::min(1.0, (different - 1) / (values_of_noise - 1));
}

} // namespace drivers::array
