// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/lun_info.h"

#include <algorithm>
#include <string_view>

namespace drivers::array {

LunInfo info_of(const VolumeSettings& volume, bool volatile_cache) {
    LunInfo info;
    info.name = volume.name;
    info.identity = volume.identity;
    info.geometry.block_bytes = volume.block_bytes;
    info.geometry.block_count = volume.block_count;
    info.thin = volume.thin;
    info.write_cache = volatile_cache;
    info.write_protected = volume.write_protected;
    info.unmap_granule_blocks = volume.granule_bytes / volume.block_bytes;
    info.owner = volume.owner;
    return info;
}

VolumeSettings another_volume(const VolumeSettings& volume) {
    constexpr std::string_view digits = "0123456789abcdef";
    VolumeSettings out = volume;
    out.name += " (another)";
    out.file.clear();
    out.thin = true;
    std::string& id = out.identity.unique_id;
    const std::size_t changed = std::min<std::size_t>(id.size(), 4); // Not the kind or vendor.
    for (std::size_t i = id.size() - changed; i < id.size(); ++i) {
        const std::size_t digit = digits.find(id[i]);
        id[i] = digits[digit == std::string_view::npos ? 0 : 15 - digit];
    }
    out.identity.serial += "X";
    return out;
}

} // namespace drivers::array
