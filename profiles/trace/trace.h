// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/source.h"

#include <cstdint>
#include <string>
#include <vector>

namespace profiles::trace {

// One access as somebody else's tool saw it.
struct Record {
    Duration at{0};                 // From the tool's own epoch.
    std::uint64_t offset_bytes = 0; // On its device.
    std::uint64_t size_bytes = 0;   // 0: a flush.
    AccessOp op = AccessOp::read;   // Read, write, unmap or flush.
    bool force_unit_access = false;
    std::uint16_t device = 0; // Index into Trace::devices.
};

// What a trace file says, in the order of time.
struct Trace {
    std::vector<Record> records;
    std::vector<std::string> devices; // Files of an iolog, "8,0" of a kernel trace.
    std::uint64_t passed_over = 0;    // Lines that are well formed but no access to replay.
    bool timed = true;                // False: no instants were recorded, only an order.
};

inline constexpr std::size_t records_max = 16U << 20U;
inline constexpr std::size_t devices_max = 4096;
inline constexpr std::uint64_t address_max = 1ULL << 60U;
inline constexpr Duration time_max = std::chrono::hours(24 * 400);

} // namespace profiles::trace
