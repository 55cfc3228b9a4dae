// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench::campaign {

// Reads whole blocks from `offset_bytes` on, one request after the other, and waits for each (the
// driver bounds how long that can take). Throws ArrayError if the array will not give them.
void read_whole(drivers::BlockDriver& driver,
                std::uint64_t offset_bytes,
                std::span<std::byte> into);

// Writes whole blocks in the same way, to stable media.
void write_whole(drivers::BlockDriver& driver,
                 std::uint64_t offset_bytes,
                 std::span<std::byte> data);

} // namespace bench::campaign
