// SPDX-License-Identifier: Apache-2.0
// Thin provisioning: WRITE SAME, UNMAP, GET LBA STATUS (SBC-4 sections 4.7, 5.9, 5.34, 5.49).
#include "drivers/array/scsi_range.h"

#include <algorithm>
#include <cstring>

namespace drivers::array {

using wire::Bytes;
using wire::scsi::BlockCdb;
using wire::scsi::SenseKey;
using wire::scsi::Status;
namespace code = wire::scsi::code;

namespace {

constexpr std::uint64_t pattern_bytes_max = std::uint64_t{1} << 20U;

bool is_all_zero(Bytes bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

void write_pattern(ScsiCall& call, const BlockCdb& range, Bytes block) noexcept {
    const std::uint64_t blocks_at_once =
        std::min(range.block_count, pattern_bytes_max / block.size());
    const Buffer pattern = call.target.pool().take(blocks_at_once * block.size());
    if (!pattern) {
        call.reply.status = Status::task_set_full;
        return;
    }
    for (std::uint64_t i = 0; i < blocks_at_once; ++i) {
        std::memcpy(pattern.bytes().data() + i * block.size(), block.data(), block.size());
    }
    MediumCommand command = call.medium_command(Op::write);
    for (std::uint64_t done = 0; done < range.block_count; done += command.block_count) {
        command.lba = range.lba + done;
        command.block_count = std::min(blocks_at_once, range.block_count - done);
        command.data = pattern.bytes().first(command.block_count * block.size());
        if (!call.ask(command)) {
            return;
        }
    }
}

// Reads the UNMAP parameter list (SBC-4 table 139); nothing with the reply made if it is wrong.
std::optional<std::size_t> unmap_ranges(ScsiCall& call, std::span<BlockRange> out) noexcept {
    constexpr std::size_t header_bytes = 8;
    constexpr std::size_t range_bytes = 16;
    const Bytes list = call.request.data_out;
    if (list.size() < header_bytes) {
        call.fail(SenseKey::illegal_request, code::parameter_list_length_error);
        return std::nullopt;
    }
    const std::size_t stated = wire::load_be16(list, 2);
    const std::size_t count = std::min(stated, list.size() - header_bytes) / range_bytes;
    if (count > out.size()) {
        call.fail_parameter(2);
        return std::nullopt;
    }
    const std::uint64_t block_count = call.info().geometry.block_count;
    std::uint64_t sum = 0;
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = header_bytes + i * range_bytes;
        const BlockRange range{wire::load_be64(list, at), wire::load_be32(list, at + 8)};
        if (range.lba > block_count || range.block_count > block_count - range.lba) {
            call.fail(SenseKey::illegal_request, code::lba_out_of_range);
            return std::nullopt;
        }
        sum += range.block_count;
        if (sum > unmap_blocks_max) {
            call.fail_parameter(static_cast<std::uint16_t>(at + 8));
            return std::nullopt;
        }
        if (range.block_count > 0) {
            out[used++] = range;
        }
    }
    return used;
}

} // namespace

namespace handlers {

void write_same(ScsiCall& call) {
    auto range = checked_range(call, std::numeric_limits<std::uint64_t>::max());
    if (!range || !is_writable(call)) {
        return;
    }
    const bool may_unmap = call.info().thin;
    if (range->obsolete_bits || range->anchor || (range->unmap && !may_unmap)) {
        call.fail_cdb_field(1); // No anchored state here (ANC_SUP 0).
        return;
    }
    if (range->block_count == 0) { // WSNZ 0: to the last block.
        range->block_count = call.info().geometry.block_count - range->lba;
    }
    if (range->block_count > write_same_blocks_max) {
        call.fail_cdb_field(call.cdb()[0] >= std::byte{0x80} ? 10 : 7);
        return;
    }
    const std::size_t block_bytes = call.info().geometry.block_bytes;
    const Bytes block = call.request.data_out;
    if (!range->no_data_out &&
        (block.size() != block_bytes || call.request.expected_bytes != block_bytes)) {
        call.fail(SenseKey::illegal_request, code::invalid_field_in_cdb);
        return;
    }
    if (!is_all_zero(block)) {
        write_pattern(call, *range, block);
        return;
    }
    const bool unmaps = range->unmap && call.info().unmap_reads_zero;
    MediumCommand command = call.medium_command(unmaps ? Op::unmap : Op::write_zeroes);
    const BlockRange whole{range->lba, range->block_count};
    command.lba = range->lba;
    command.block_count = range->block_count;
    command.ranges = {&whole, 1};
    call.ask(command);
}

void unmap(ScsiCall& call) {
    if (!call.info().thin) {
        call.fail(SenseKey::illegal_request, code::invalid_operation_code);
        return;
    }
    if ((wire::load_u8(call.cdb(), 1) & 1U) != 0) { // ANCHOR
        call.fail_cdb_field(1);
        return;
    }
    if (!is_writable(call) || call.reply.wanted_bytes == 0) {
        return;
    }
    std::array<BlockRange, unmap_ranges_max> ranges;
    const auto count = unmap_ranges(call, ranges);
    if (!count || *count == 0) {
        return;
    }
    MediumCommand command = call.medium_command(Op::unmap);
    command.ranges = std::span(ranges).first(*count);
    call.ask(command);
}

void get_lba_status(ScsiCall& call) {
    constexpr std::size_t runs_max = 64;
    constexpr std::size_t header_bytes = 8;
    constexpr std::size_t run_bytes = 16;
    const std::uint64_t block_count = call.info().geometry.block_count;
    std::uint64_t lba = wire::load_be64(call.cdb(), 2);
    if (lba >= block_count) {
        call.fail(SenseKey::illegal_request, code::lba_out_of_range);
        return;
    }
    const std::uint32_t allocation = wire::load_be32(call.cdb(), 10);
    std::array<std::byte, header_bytes + runs_max * run_bytes> data{};
    std::size_t used = header_bytes;
    while (used < data.size() && lba < block_count && used < allocation) {
        const BlockRun run =
            call.target.core().mapped_run(call.nexus_name().controller, call.unit.index, lba);
        const std::uint64_t length = std::clamp<std::uint64_t>(
            run.block_count, 1, std::min<std::uint64_t>(block_count - lba, 0xFFFFFFFFU));
        wire::store_be64(data, used, lba);
        wire::store_be32(data, used + 8, length);
        wire::store_u8(data, used + 12, run.mapped ? 0 : 1); // 1: deallocated
        used += run_bytes;
        lba += length;
    }
    wire::store_be32(data, 0, used - 4);
    call.give(Bytes(data).first(used), allocation);
}

} // namespace handlers
} // namespace drivers::array
