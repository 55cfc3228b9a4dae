// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/entropy.h"

#include <array>
#include <cmath>
#include <cstdint>

namespace bench::egress {

double entropy_bits(drivers::wire::Bytes bytes) {
    std::array<std::uint32_t, 256> counts{};
    for (const std::byte value : bytes) {
        ++counts[std::to_integer<std::size_t>(value)];
    }
    double out = 0;
    for (const std::uint32_t count : counts) {
        if (count > 0) {
            const double share = count / static_cast<double>(bytes.size());
            out -= share * std::log2(share);
        }
    }
    return out;
}

} // namespace bench::egress
