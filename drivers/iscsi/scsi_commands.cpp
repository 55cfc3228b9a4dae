// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/scsi_commands.h"

#include "drivers/wire/big_endian.h"
#include "drivers/wire/scsi_cdb.h"

#include <algorithm>

namespace drivers::iscsi {

namespace {

using wire::scsi::Operation;

constexpr std::size_t descriptor_bytes = 16;
constexpr std::size_t header_bytes = 8;
constexpr std::size_t parameter_bytes_max = 0xffff;

Cdb cdb_of(Operation operation) noexcept {
    Cdb cdb{};
    cdb[0] = static_cast<std::byte>(operation);
    return cdb;
}

// The form that the 16-byte commands on blocks share: flags, LBA, count.
Cdb block_cdb(Operation operation, std::uint8_t flags, const BlockRange& range) noexcept {
    Cdb cdb = cdb_of(operation);
    wire::store_u8(cdb, 1, flags);
    wire::store_be64(cdb, 2, range.lba);
    wire::store_be32(cdb, 10, range.block_count);
    return cdb;
}

constexpr std::uint8_t fua_flag = 0x08;
constexpr std::uint8_t byte_check_flag = 0x02;
constexpr std::uint8_t unmap_flag = 0x08;

} // namespace

Cdb read_cdb(const BlockRange& range, bool force_unit_access) noexcept {
    return block_cdb(Operation::read_16, force_unit_access ? fua_flag : 0, range);
}

Cdb write_cdb(const BlockRange& range, bool force_unit_access) noexcept {
    return block_cdb(Operation::write_16, force_unit_access ? fua_flag : 0, range);
}

Cdb verify_cdb(const BlockRange& range) noexcept {
    return block_cdb(Operation::verify_16, byte_check_flag, range);
}

Cdb synchronize_cache_cdb(const BlockRange& range) noexcept {
    return block_cdb(Operation::synchronize_cache_16, 0, range);
}

Cdb write_same_cdb(const BlockRange& range, bool unmap) noexcept {
    return block_cdb(Operation::write_same_16, unmap ? unmap_flag : 0, range);
}

Cdb unmap_cdb(std::size_t parameter_bytes) noexcept {
    Cdb cdb = cdb_of(Operation::unmap);
    wire::store_be16(cdb, 7, parameter_bytes);
    return cdb;
}

Cdb test_unit_ready_cdb() noexcept {
    return cdb_of(Operation::test_unit_ready);
}

Cdb inquiry_cdb(std::uint16_t allocation) noexcept {
    Cdb cdb = cdb_of(Operation::inquiry);
    wire::store_be16(cdb, 3, allocation);
    return cdb;
}

Cdb vital_page_cdb(std::uint8_t page, std::uint16_t allocation) noexcept {
    Cdb cdb = inquiry_cdb(allocation);
    wire::store_u8(cdb, 1, 0x01);
    wire::store_u8(cdb, 2, page);
    return cdb;
}

Cdb read_capacity_cdb(std::uint32_t allocation) noexcept {
    Cdb cdb = cdb_of(Operation::service_action_in_16);
    wire::store_u8(cdb, 1, 0x10);
    wire::store_be32(cdb, 10, allocation);
    return cdb;
}

Cdb read_capacity_10_cdb() noexcept {
    return cdb_of(Operation::read_capacity_10);
}

Cdb report_luns_cdb(std::uint8_t select, std::uint32_t allocation) noexcept {
    Cdb cdb = cdb_of(Operation::report_luns);
    wire::store_u8(cdb, 2, select);
    wire::store_be32(cdb, 6, allocation);
    return cdb;
}

Cdb mode_sense_cdb(std::uint8_t page, std::uint16_t allocation) noexcept {
    Cdb cdb = cdb_of(Operation::mode_sense_10);
    wire::store_u8(cdb, 1, 0x08); // No block descriptors.
    wire::store_u8(cdb, 2, page); // Current values.
    wire::store_be16(cdb, 7, allocation);
    return cdb;
}

Cdb report_port_groups_cdb(std::uint32_t allocation) noexcept {
    Cdb cdb = cdb_of(Operation::maintenance_in);
    wire::store_u8(cdb, 1, 0x0a);
    wire::store_be32(cdb, 6, allocation);
    return cdb;
}

Cdb read_reservation_cdb(std::uint16_t allocation) noexcept {
    Cdb cdb = cdb_of(Operation::persistent_reserve_in);
    wire::store_u8(cdb, 1, 0x01);
    wire::store_be16(cdb, 7, allocation);
    return cdb;
}

bool unmap_parameters(std::span<const BlockRange> ranges, std::vector<std::byte>& out) {
    out.assign(header_bytes, std::byte{0});
    for (BlockRange left : ranges) {
        while (left.block_count > 0) {
            const std::uint64_t count = std::min<std::uint64_t>(left.block_count, 0xffffffff);
            const std::size_t at = out.size();
            if (at + descriptor_bytes > parameter_bytes_max) {
                return false;
            }
            out.resize(at + descriptor_bytes);
            wire::store_be64(out, at, left.lba);
            wire::store_be32(out, at + 8, count);
            left.lba += count;
            left.block_count -= count;
        }
    }
    wire::store_be16(out, 0, out.size() - 2);
    wire::store_be16(out, 2, out.size() - header_bytes);
    return true;
}

} // namespace drivers::iscsi
