// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/array.h"
#include "drivers/array/persona/fault_event.h"

#include <array>
#include <cstdint>

namespace drivers::array {

// What an emulated array knows of itself; the ground truth that findings are held against.
struct EmulatorCounts {
    ArrayCounts array;
    // Both times, and `answered`, since they were last taken.
    Duration service_p50{0}; // Arrived to sent, of answers that were held back.
    std::uint64_t answered = 0;
    std::uint64_t mapped_bytes = 0;                // Memory or disk that the volumes take.
    std::uint64_t volatile_bytes = 0;              // Acknowledged and not yet durable.
    std::array<std::uint64_t, fault_count> done{}; // How often each fault was really done.
    std::uint64_t blocks_lost_legally = 0;         // At power cuts: neither flushed nor FUA.
    std::uint64_t blocks_lost_illegally = 0;       // At power cuts: flushed or FUA.
    std::uint64_t writes_to_another_lun = 0;       // Since a swap: nobody meant them for it.
};

} // namespace drivers::array
