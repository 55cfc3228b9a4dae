// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/array/array_settings.h"

#include <cstdint>
#include <string>

namespace drivers::array {

struct LunInfo {
    std::string name;
    Geometry geometry;
    Identity identity; // unique_id: NAA-6, 32 lower-case hexadecimal digits.
    bool thin = false;
    bool unmap_reads_zero = true; // What the LUN promises; a persona may break the promise.
    bool write_cache = false;     // Volatile: only a flush or FUA makes a write durable.
    bool write_protected = false;
    std::uint32_t unmap_granule_blocks = 1;
    std::uint16_t owner = 0; // Preferred controller.
};

LunInfo info_of(const VolumeSettings& volume, bool volatile_cache);

// The volume that answers in this one's place after a swap: as large, thin, in memory, empty, and
// with another unique id and serial.
VolumeSettings another_volume(const VolumeSettings& volume);

} // namespace drivers::array
