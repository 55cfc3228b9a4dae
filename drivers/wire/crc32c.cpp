// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/crc32c.h"

#include <algorithm>
#include <isa-l/crc.h>
#include <limits>

namespace drivers::wire {

std::uint32_t crc32c_update(std::uint32_t running, std::span<const std::byte> bytes) noexcept {
    constexpr std::size_t piece_max = std::numeric_limits<int>::max();
    while (!bytes.empty()) {
        const std::size_t piece = std::min(bytes.size(), piece_max);
        // The library declares its source mutable but only reads it.
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
        auto* source = const_cast<std::byte*>(bytes.data());
        running =
            crc32_iscsi(reinterpret_cast<unsigned char*>(source), static_cast<int>(piece), running);
        bytes = bytes.subspan(piece);
    }
    return running;
}

} // namespace drivers::wire
