// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench::integrity {

// Word of a sector that holds the checksum in its upper half; counted as zero there.
inline constexpr std::size_t checksum_word = 5;

// CRC32C of each 512-byte sector of `data`, one per element of `out`, several sectors at a time in
// the processor's CRC unit where it has one. `data` holds out.size() sectors.
void sector_checksums(std::span<const std::byte> data, std::span<std::uint32_t> out) noexcept;

// The same by isa-l, for hosts without SSE 4.2, and as the second opinion of the tests.
void sector_checksums_portable(std::span<const std::byte> data,
                               std::span<std::uint32_t> out) noexcept;

} // namespace bench::integrity
