// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers::wire {

// CRC32C (Castagnoli) as iSCSI (RFC 7143 section 13.1) and NVMe/TCP use it. A running value starts
// with `crc32c_seed`, takes any number of pieces, and is inverted by `crc32c_digest` at the end.
inline constexpr std::uint32_t crc32c_seed = 0xFFFFFFFFU;
std::uint32_t crc32c_update(std::uint32_t running, std::span<const std::byte> bytes) noexcept;
constexpr std::uint32_t crc32c_digest(std::uint32_t running) noexcept {
    return ~running;
}

inline std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept {
    return crc32c_digest(crc32c_update(crc32c_seed, bytes));
}

// Both protocols send the digest's least significant byte first (RFC 7143 appendix A.4, NVMe/TCP
// transport 3.6.1.3): 32 zero bytes give aa 36 91 8a.
constexpr std::array<std::byte, 4> crc32c_wire_bytes(std::uint32_t digest) noexcept {
    return {static_cast<std::byte>(digest & 0xFFU),
            static_cast<std::byte>(digest >> 8U & 0xFFU),
            static_cast<std::byte>(digest >> 16U & 0xFFU),
            static_cast<std::byte>(digest >> 24U & 0xFFU)};
}

} // namespace drivers::wire
