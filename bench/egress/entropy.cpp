// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/entropy.h"

#include <array>
#include <cmath>
#include <cstdint>

namespace bench::egress {

namespace {

// c log2 c for the counts of short texts, so that a label costs no logarithms.
constexpr std::size_t short_bytes_max = 256;
const std::array<double, short_bytes_max + 1>& weighted_logs() {
    static const auto table = [] {
        std::array<double, short_bytes_max + 1> out{};
        for (std::size_t count = 1; count < out.size(); ++count) {
            out[count] = static_cast<double>(count) * std::log2(static_cast<double>(count));
        }
        return out;
    }();
    return table;
}

double entropy_of_short(drivers::wire::Bytes bytes) {
    const auto& logs = weighted_logs();
    std::array<std::uint16_t, 256> counts{};
    double sum = 0;
    for (const std::byte value : bytes) {
        std::uint16_t& count = counts[std::to_integer<std::size_t>(value)];
        sum -= logs[count];
        sum += logs[++count];
    }
    const auto size = static_cast<double>(bytes.size());
    return std::log2(size) - sum / size;
}

} // namespace

double entropy_bits(drivers::wire::Bytes bytes) {
    if (bytes.empty()) {
        return 0;
    }
    if (bytes.size() <= short_bytes_max) {
        return entropy_of_short(bytes);
    }
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
