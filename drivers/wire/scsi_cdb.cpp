// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/scsi_cdb.h"

#include <array>

namespace drivers::wire::scsi {
namespace {

std::optional<BlockAction> block_action(Operation operation) noexcept {
    switch (operation) {
    case Operation::read_6:
    case Operation::read_10:
    case Operation::read_12:
    case Operation::read_16:
        return BlockAction::read;
    case Operation::write_6:
    case Operation::write_10:
    case Operation::write_12:
    case Operation::write_16:
        return BlockAction::write;
    case Operation::write_and_verify_10:
    case Operation::write_and_verify_12:
    case Operation::write_and_verify_16:
        return BlockAction::write_and_verify;
    case Operation::verify_10:
    case Operation::verify_12:
    case Operation::verify_16:
        return BlockAction::verify;
    case Operation::prefetch_10:
    case Operation::prefetch_16:
        return BlockAction::prefetch;
    case Operation::synchronize_cache_10:
    case Operation::synchronize_cache_16:
        return BlockAction::synchronize_cache;
    case Operation::write_same_10:
    case Operation::write_same_16:
        return BlockAction::write_same;
    case Operation::orwrite_16:
        return BlockAction::orwrite;
    case Operation::compare_and_write:
        return BlockAction::compare_and_write;
    case Operation::write_atomic_16:
        return BlockAction::write_atomic;
    default:
        return std::nullopt;
    }
}

bool has_access_bits(BlockAction action) noexcept {
    return action != BlockAction::prefetch && action != BlockAction::synchronize_cache &&
           action != BlockAction::write_same;
}

void read_flags(Bytes cdb, BlockCdb& out) noexcept {
    const std::uint8_t flags = load_u8(cdb, 1);
    if (out.action == BlockAction::write_same) {
        const bool is_16 = cdb.size() == 16;
        out.protect = flags >> 5U;
        out.anchor = (flags & 0x10U) != 0;
        out.unmap = (flags & 0x08U) != 0;
        out.obsolete_bits = (flags & 0x06U) != 0;
        out.no_data_out = is_16 && (flags & 0x01U) != 0;
        return;
    }
    if (!has_access_bits(out.action)) {
        return;
    }
    out.protect = flags >> 5U;
    out.disable_page_out = (flags & 0x10U) != 0;
    if (out.action == BlockAction::verify || out.action == BlockAction::write_and_verify) {
        out.byte_check = flags >> 1U & 0x03U;
    } else {
        out.force_unit_access = (flags & 0x08U) != 0;
    }
}

void read_range(Bytes cdb, BlockCdb& out) noexcept {
    switch (cdb.size()) {
    case 6:
        out.lba = load_be24(cdb, 1) & 0x1FFFFFU;
        out.block_count = load_u8(cdb, 4) == 0 ? 256 : load_u8(cdb, 4);
        break;
    case 10:
        out.lba = load_be32(cdb, 2);
        out.block_count = load_be16(cdb, 7);
        break;
    case 12:
        out.lba = load_be32(cdb, 2);
        out.block_count = load_be32(cdb, 6);
        break;
    default:
        out.lba = load_be64(cdb, 2);
        out.block_count = load_be32(cdb, 10);
        break;
    }
    if (out.action == BlockAction::compare_and_write) {
        out.block_count = load_u8(cdb, 13);
    } else if (out.action == BlockAction::write_atomic) {
        out.block_count = load_be16(cdb, 12);
    }
}

} // namespace

std::size_t cdb_bytes(std::uint8_t operation) noexcept {
    static constexpr std::array<std::size_t, 8> by_group{6, 10, 10, 0, 16, 12, 0, 0};
    return by_group[operation >> 5U];
}

std::optional<BlockCdb> parse_block_cdb(Bytes cdb) noexcept {
    if (cdb.empty()) {
        return std::nullopt;
    }
    const std::size_t length = cdb_bytes(load_u8(cdb, 0));
    const auto action = block_action(static_cast<Operation>(load_u8(cdb, 0)));
    if (!action || cdb.size() < length) {
        return std::nullopt;
    }
    cdb = cdb.first(length);
    BlockCdb out;
    out.action = *action;
    if (length > 6) {
        read_flags(cdb, out);
    }
    read_range(cdb, out);
    return out;
}

std::optional<std::uint32_t> parameter_bytes(Bytes cdb) noexcept {
    if (cdb.empty() || cdb.size() < cdb_bytes(load_u8(cdb, 0))) {
        return std::nullopt;
    }
    switch (static_cast<Operation>(load_u8(cdb, 0))) {
    case Operation::inquiry:
        return load_be16(cdb, 3);
    case Operation::request_sense:
    case Operation::mode_sense_6:
    case Operation::mode_select_6:
        return load_u8(cdb, 4);
    case Operation::mode_sense_10:
    case Operation::mode_select_10:
    case Operation::unmap:
    case Operation::persistent_reserve_in:
    case Operation::read_defect_data_10:
        return load_be16(cdb, 7);
    case Operation::persistent_reserve_out:
        return load_be32(cdb, 5);
    case Operation::report_luns:
    case Operation::maintenance_in:
    case Operation::maintenance_out:
    case Operation::read_defect_data_12:
        return load_be32(cdb, 6);
    case Operation::service_action_in_16:
    case Operation::extended_copy:
    case Operation::receive_copy_results:
        return load_be32(cdb, 10);
    default:
        return std::nullopt;
    }
}

} // namespace drivers::wire::scsi
