// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/array/persona/fault_event.h"
#include "drivers/array/persona/service_settings.h"

#include <cstdint>
#include <string>
#include <vector>

namespace drivers::array {

struct VolumeSettings {
    std::string name;
    Identity identity;
    std::uint32_t block_bytes = 512; // Or 4096.
    std::uint64_t block_count = 0;
    std::string file; // Backing file, made if absent; empty = memory.
    bool thin = true;
    std::uint32_t granule_bytes = 65536; // Thin pool allocates and unmaps in these.
    bool write_protected = false;
    std::uint16_t owner = 0; // Controller whose path is optimized.
};

struct ArraySettings {
    std::string name;
    std::uint64_t seed = 1;
    std::uint16_t controllers = 1;
    bool symmetric = true;       // Every controller's path is optimized; else the owner's alone.
    bool volatile_cache = false; // Acknowledged, unflushed writes vanish at a power cut ...
    std::uint64_t volatile_cache_bytes = 64U << 20U; // ... unless so much came after them.
    std::uint64_t pool_bytes = 0; // What the volumes may allocate together; 0 = no limit.
    std::vector<VolumeSettings> volumes;
    ServiceSettings service;
    std::vector<FaultEvent> personas; // Applied before the first command.
};

// Why the event cannot be applied to such an array; empty = it can.
std::string event_problem(const FaultEvent& event, const ArraySettings& array);

} // namespace drivers::array
