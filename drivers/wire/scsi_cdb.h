// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <cstdint>
#include <optional>

// Command descriptor blocks, SBC-4 section 5 and SPC-5 section 6.
namespace drivers::wire::scsi {

enum class Operation : std::uint8_t {
    test_unit_ready = 0x00,
    request_sense = 0x03,
    read_6 = 0x08,
    write_6 = 0x0A,
    inquiry = 0x12,
    mode_select_6 = 0x15,
    reserve_6 = 0x16,
    release_6 = 0x17,
    mode_sense_6 = 0x1A,
    start_stop_unit = 0x1B,
    prevent_allow_medium_removal = 0x1E,
    read_capacity_10 = 0x25,
    read_10 = 0x28,
    write_10 = 0x2A,
    write_and_verify_10 = 0x2E,
    verify_10 = 0x2F,
    prefetch_10 = 0x34,
    synchronize_cache_10 = 0x35,
    read_defect_data_10 = 0x37,
    write_same_10 = 0x41,
    unmap = 0x42,
    mode_select_10 = 0x55,
    reserve_10 = 0x56,
    release_10 = 0x57,
    mode_sense_10 = 0x5A,
    persistent_reserve_in = 0x5E,
    persistent_reserve_out = 0x5F,
    extended_copy = 0x83,
    receive_copy_results = 0x84,
    read_16 = 0x88,
    compare_and_write = 0x89,
    write_16 = 0x8A,
    orwrite_16 = 0x8B,
    write_and_verify_16 = 0x8E,
    verify_16 = 0x8F,
    prefetch_16 = 0x90,
    synchronize_cache_16 = 0x91,
    write_same_16 = 0x93,
    write_atomic_16 = 0x9C,
    service_action_in_16 = 0x9E, // 0x10 READ CAPACITY(16), 0x12 GET LBA STATUS
    report_luns = 0xA0,
    maintenance_in = 0xA3,  // 0x0A REPORT TARGET PORT GROUPS, 0x0C REPORT SUPPORTED OPERATION CODES
    maintenance_out = 0xA4, // 0x0A SET TARGET PORT GROUPS
    read_12 = 0xA8,
    write_12 = 0xAA,
    write_and_verify_12 = 0xAE,
    verify_12 = 0xAF,
    read_defect_data_12 = 0xB7
};

// Length by the group code (SPC-5 4.2.5.1); 0 for reserved, vendor specific and variable groups.
std::size_t cdb_bytes(std::uint8_t operation) noexcept;

enum class BlockAction : std::uint8_t {
    read,
    write,
    write_and_verify,
    verify,
    prefetch,
    synchronize_cache,
    write_same,
    orwrite,
    compare_and_write,
    write_atomic
};

// What the commands that name a range of blocks have in common; a bit a command lacks stays off.
struct BlockCdb {
    BlockAction action = BlockAction::read;
    std::uint64_t lba = 0;
    std::uint64_t block_count = 0; // READ(6) and WRITE(6): 0 on the wire is 256 here.
    std::uint8_t protect = 0;      // RDPROTECT, WRPROTECT, VRPROTECT
    std::uint8_t byte_check = 0;   // BYTCHK of VERIFY and WRITE AND VERIFY
    bool disable_page_out = false;
    bool force_unit_access = false;
    bool anchor = false;
    bool unmap = false;
    bool no_data_out = false;   // NDOB of WRITE SAME(16)
    bool obsolete_bits = false; // LBDATA or PBDATA of WRITE SAME
};

// Nothing if this is no command with a range of blocks, or shorter than its length.
std::optional<BlockCdb> parse_block_cdb(Bytes cdb) noexcept;

// ALLOCATION LENGTH or PARAMETER LIST LENGTH where the command has one, by its place in the CDB.
std::optional<std::uint32_t> parameter_bytes(Bytes cdb) noexcept;

} // namespace drivers::wire::scsi
