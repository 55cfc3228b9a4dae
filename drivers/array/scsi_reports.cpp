// SPDX-License-Identifier: Apache-2.0
// What units, ports and capacity there are (SPC-5 6.33, 6.36; SBC-4 5.20, 5.21, 5.17).
#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <vector>

namespace drivers::array {

using wire::Bytes;

namespace {

std::uint8_t access_code(AccessState state) noexcept { // SPC-5 table 312
    switch (state) {
    case AccessState::active_optimized:
        return 0x0;
    case AccessState::active_non_optimized:
        return 0x1;
    case AccessState::standby:
        return 0x2;
    case AccessState::unavailable:
        return 0x3;
    case AccessState::transitioning:
        return 0xF;
    }
    return 0xF;
}

} // namespace

namespace handlers {

void report_luns(ScsiCall& call) {
    const std::uint8_t select = wire::load_u8(call.cdb(), 2);
    const std::uint32_t allocation = wire::load_be32(call.cdb(), 6);
    if (select > 2) {
        call.fail_cdb_field(2);
        return;
    }
    if (allocation < 16) {
        call.fail_cdb_field(6);
        return;
    }
    const std::size_t count = select == 1 ? 0 : call.target.unit_count(); // 1: well known only
    std::vector<std::byte> data(8 + 8 * count);
    wire::store_be32(data, 0, 8 * count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t first_level = i <= 0xFF ? i : 0x4000U | i; // SAM-5 4.7.7
        wire::store_be16(data, 8 + 8 * i, first_level);
    }
    call.give(data, allocation);
}

void report_target_port_groups(ScsiCall& call) {
    const bool is_extended = wire::load_u8(call.cdb(), 1) >> 5U == 1;
    ArrayCore& core = call.target.core();
    std::vector<std::byte> data(is_extended ? 8 : 4);
    if (is_extended) {
        wire::store_u8(data, 4, 0x10); // return data format 1
    }
    for (std::uint16_t controller = 0; controller < core.controller_count(); ++controller) {
        const std::size_t at = data.size();
        const bool is_preferred = call.info().owner == controller;
        data.resize(at + 12);
        wire::store_u8(data,
                       at,
                       access_code(core.access_state(controller, call.unit.index)) |
                           (is_preferred ? 0x80U : 0U));
        wire::store_u8(data, at + 1, 0x8F); // transitioning, unavailable, standby, both active
        wire::store_be16(data, at + 2, controller + 1U);
        wire::store_u8(data, at + 5, 0x02); // by implicit behaviour
        wire::store_u8(data, at + 7, 1);
        wire::store_be16(data, at + 10, controller + 1U);
    }
    wire::store_be32(data, 0, data.size() - 4);
    call.give(data, wire::load_be32(call.cdb(), 6));
}

void read_capacity_10(ScsiCall& call) {
    const bool partial = (wire::load_u8(call.cdb(), 8) & 1U) != 0; // PMI
    if (!partial && wire::load_be32(call.cdb(), 2) != 0) {
        call.fail_cdb_field(2);
        return;
    }
    const Geometry& geometry = call.info().geometry;
    std::array<std::byte, 8> data{};
    wire::store_be32(data, 0, std::min<std::uint64_t>(geometry.block_count - 1, 0xFFFFFFFFU));
    wire::store_be32(data, 4, geometry.block_bytes);
    call.give(data, data.size());
}

void read_capacity_16(ScsiCall& call) {
    const LunInfo& info = call.info();
    std::array<std::byte, 32> data{};
    wire::store_be64(data, 0, info.geometry.block_count - 1);
    wire::store_be32(data, 8, info.geometry.block_bytes);
    wire::store_u8(data, 13, info.geometry.block_bytes == 512 ? 3 : 0); // physical blocks of 4 KiB
    if (info.thin) {                                                    // LBPME, LBPRZ
        wire::store_u8(data, 14, 0x80U | (info.unmap_reads_zero ? 0x40U : 0U));
    }
    call.give(data, wire::load_be32(call.cdb(), 10));
}

// Nothing is ever defective here: an empty list in the format asked for.
void read_defect_data_10(ScsiCall& call) {
    std::array<std::byte, 4> data{};
    data[1] = call.cdb()[2] & std::byte{0x1F};
    call.give(data, wire::load_be16(call.cdb(), 7));
}

void read_defect_data_12(ScsiCall& call) {
    std::array<std::byte, 8> data{};
    data[1] = call.cdb()[1] & std::byte{0x1F};
    call.give(data, wire::load_be32(call.cdb(), 6));
}

} // namespace handlers
} // namespace drivers::array
