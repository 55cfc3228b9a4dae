// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <cstdint>
#include <span>

namespace drivers::array {

// What a portal asks of the array behind it, whichever protocol carried the question.
struct MediumCommand {
    Op op = Op::read;
    std::uint16_t lun = 0;        // Index into the array's volumes.
    std::uint16_t controller = 0; // Whose portal it came through.
    bool force_unit_access = false;
    std::uint64_t lba = 0;
    std::uint64_t block_count = 0;
    std::span<const BlockRange> ranges{}; // Unmap.
    std::span<std::byte> data{};          // Read: filled. Write: taken. Compare: compared.
};

enum class MediumEnd : std::uint8_t {
    good,
    miscompare,     // `at_byte` is the first byte that differs.
    medium_error,   // `at_lba` is the block that cannot be read.
    busy,           // Queue full: ask again later.
    in_transition,  // The controller changes its access state.
    not_accessible, // This controller does not serve the LUN now.
    out_of_space,   // Thin pool exhausted.
    write_protected,
    drop_session, // Close the connection that asked.
    silent        // Never answer.
};

struct MediumResult {
    MediumEnd end = MediumEnd::good;
    std::uint64_t at_lba = 0;
    std::uint64_t at_byte = 0;
    TimePoint ready{}; // When the answer is due on the wire; data is already in place.
};

} // namespace drivers::array
