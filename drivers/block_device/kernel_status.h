// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <cstdint>

namespace drivers::block_device {

namespace sense { // SPC-5 annex F, as the other drivers say it.
inline constexpr std::uint32_t medium_error = 0x031100;
inline constexpr std::uint32_t invalid_operation = 0x052000;
inline constexpr std::uint32_t out_of_range = 0x052100;
inline constexpr std::uint32_t invalid_field = 0x052400;
inline constexpr std::uint32_t write_protected = 0x072700;
inline constexpr std::uint32_t out_of_space = 0x072707;
inline constexpr std::uint32_t protection_error = 0x0b1000;
inline constexpr std::uint32_t miscompare = 0x0e1d00;
inline constexpr std::uint32_t reservation_conflict = 0x18000000; // SCSI status << 24.
} // namespace sense

inline constexpr std::uint64_t slow_lane_mark = ~std::uint64_t{0}; // Not a slot.

struct KernelEnd {
    Status status = Status::good;
    std::uint32_t sense = 0; // 0: the kernel says no more than that it failed.
    bool device_gone = false;
};

// What an errno of a block I/O means, as the kernel's block layer makes it from the device's own
// answer (block/blk-core.c, blk_errors).
KernelEnd kernel_end(int error) noexcept;

} // namespace drivers::block_device
