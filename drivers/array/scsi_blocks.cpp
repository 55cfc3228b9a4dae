// SPDX-License-Identifier: Apache-2.0
// Commands that read, write or check a range of blocks (SBC-4 section 5).
#include "drivers/array/scsi_range.h"

#include <algorithm>

namespace drivers::array {

using wire::scsi::BlockAction;
using wire::scsi::BlockCdb;
using wire::scsi::SenseKey;
using wire::scsi::Status;
namespace code = wire::scsi::code;

namespace {

constexpr std::uint8_t compare_all = 1; // BYTCHK
constexpr std::uint8_t compare_one = 3; // BYTCHK: one block against every block of the range
constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 20U;

// Reads the range piece by piece for its errors alone.
void read_and_forget(ScsiCall& call, const BlockCdb& range) noexcept {
    const std::uint64_t block_bytes = call.info().geometry.block_bytes;
    const Buffer scratch = call.target.pool().take(piece_bytes);
    if (!scratch) {
        call.reply.status = Status::task_set_full;
        return;
    }
    MediumCommand command = call.medium_command(Op::read);
    for (std::uint64_t done = 0; done < range.block_count; done += command.block_count) {
        command.lba = range.lba + done;
        command.block_count = std::min(range.block_count - done, piece_bytes / block_bytes);
        command.data = scratch.bytes().first(command.block_count * block_bytes);
        if (!call.ask(command)) {
            return;
        }
    }
}

void compare_each_with_one(ScsiCall& call, const BlockCdb& range) noexcept {
    MediumCommand command = call.medium_command(Op::compare);
    command.block_count = 1;
    command.data = call.request.data_out.first(call.info().geometry.block_bytes);
    for (std::uint64_t i = 0; i < range.block_count; ++i) {
        command.lba = range.lba + i;
        if (!call.ask(command)) {
            return;
        }
    }
}

MediumCommand whole_blocks(ScsiCall& call, const BlockCdb& range, Op op) noexcept {
    const std::uint64_t block_bytes = call.info().geometry.block_bytes;
    MediumCommand command = call.medium_command(op);
    command.lba = range.lba;
    command.block_count =
        std::min<std::uint64_t>(range.block_count, call.request.data_out.size() / block_bytes);
    command.data = call.request.data_out.first(command.block_count * block_bytes);
    command.force_unit_access = range.force_unit_access;
    return command;
}

} // namespace

std::optional<BlockCdb> checked_range(ScsiCall& call, std::uint64_t bytes_max) noexcept {
    const auto range = wire::scsi::parse_block_cdb(call.cdb());
    if (!range || range->protect != 0) { // The units carry no protection information.
        call.fail_cdb_field(1);
        return std::nullopt;
    }
    const std::uint64_t block_count = call.info().geometry.block_count;
    if (range->lba >= block_count || range->block_count > block_count - range->lba) {
        call.fail(SenseKey::illegal_request, code::lba_out_of_range);
        return std::nullopt;
    }
    if (range->block_count * call.info().geometry.block_bytes > bytes_max) {
        call.fail_cdb_field(call.cdb()[0] >= std::byte{0x80} ? 10 : 7);
        return std::nullopt;
    }
    return range;
}

bool is_writable(ScsiCall& call) noexcept {
    if (call.unit.software_write_protect || call.info().write_protected) {
        call.fail(SenseKey::data_protect, code::write_protected);
        return false;
    }
    return true;
}

namespace handlers {

void read(ScsiCall& call) {
    const auto range = checked_range(call, transfer_bytes_max);
    if (!range) {
        return;
    }
    ScsiReply& reply = call.reply;
    const std::uint64_t block_bytes = call.info().geometry.block_bytes;
    reply.wanted_bytes = range->block_count * block_bytes;
    const std::uint64_t sent = std::min(reply.wanted_bytes, call.request.expected_bytes);
    if (sent == 0) {
        return;
    }
    MediumCommand command = call.medium_command(Op::read);
    command.lba = range->lba;
    command.block_count = (sent + block_bytes - 1) / block_bytes;
    command.force_unit_access = range->force_unit_access;
    reply.data_in = call.target.pool().take(command.block_count * block_bytes);
    if (!reply.data_in) {
        reply.status = Status::task_set_full;
        return;
    }
    command.data = reply.data_in.bytes();
    if (call.ask(command)) {
        reply.data_in_bytes = sent;
    }
}

void write(ScsiCall& call) {
    const auto range = checked_range(call, transfer_bytes_max);
    if (!range || !is_writable(call)) {
        return;
    }
    if (range->action == BlockAction::write_atomic &&
        range->block_count * call.info().geometry.block_bytes > atomic_bytes_max) {
        call.fail_cdb_field(12);
        return;
    }
    if (range->byte_check > compare_all) {
        call.fail_cdb_field(1);
        return;
    }
    MediumCommand command = whole_blocks(call, *range, Op::write);
    if (command.block_count == 0 || !call.ask(command) ||
        range->action != BlockAction::write_and_verify) {
        return;
    }
    if (range->byte_check == compare_all) {
        command.op = Op::compare;
        call.ask(command);
    } else {
        read_and_forget(call, *range);
    }
}

void verify(ScsiCall& call) {
    const auto range = checked_range(call, std::numeric_limits<std::uint64_t>::max());
    if (!range) {
        return;
    }
    const std::uint64_t block_bytes = call.info().geometry.block_bytes;
    switch (range->byte_check) {
    case 0:
        read_and_forget(call, *range);
        break;
    case compare_all: {
        const MediumCommand command = whole_blocks(call, *range, Op::compare);
        if (command.block_count > 0) {
            call.ask(command);
        }
        break;
    }
    case compare_one:
        if (call.request.data_out.size() >= block_bytes) {
            compare_each_with_one(call, *range);
        }
        break;
    default:
        call.fail_cdb_field(1);
        break;
    }
}

void prefetch(ScsiCall& call) {
    // Every block is as good as cached: the range fits (SBC-4 5.15).
    if (checked_range(call, std::numeric_limits<std::uint64_t>::max())) {
        call.reply.status = Status::condition_met;
    }
}

void synchronize_cache(ScsiCall& call) {
    const auto range = checked_range(call, std::numeric_limits<std::uint64_t>::max());
    if (!range) {
        return;
    }
    MediumCommand command = call.medium_command(Op::flush);
    command.lba = range->lba;
    command.block_count = range->block_count;
    if (range->block_count == 0) { // Everything from there on (SBC-4 5.27).
        command.block_count = call.info().geometry.block_count - range->lba;
    }
    call.ask(command);
}

void compare_and_write(ScsiCall& call) {
    const auto range = checked_range(call, transfer_bytes_max);
    if (!range || !is_writable(call)) {
        return;
    }
    const std::uint64_t half = range->block_count * call.info().geometry.block_bytes;
    if (range->block_count > compare_and_write_blocks_max) {
        call.fail_cdb_field(13);
        return;
    }
    if (call.request.data_out.size() < 2 * half || call.request.expected_bytes != 2 * half) {
        call.fail_cdb_field(13); // Initiator and CDB disagree on how much there is to compare.
        return;
    }
    if (range->block_count == 0) {
        return;
    }
    MediumCommand command = call.medium_command(Op::compare);
    command.lba = range->lba;
    command.block_count = range->block_count;
    command.data = call.request.data_out.first(half);
    if (!call.ask(command)) {
        return;
    }
    command.op = Op::write;
    command.force_unit_access = range->force_unit_access;
    command.data = call.request.data_out.subspan(half, half);
    call.ask(command);
}

void orwrite(ScsiCall& call) {
    const auto range = checked_range(call, transfer_bytes_max);
    if (!range || !is_writable(call)) {
        return;
    }
    MediumCommand command = whole_blocks(call, *range, Op::read);
    if (command.block_count == 0) {
        return;
    }
    const Buffer held = call.target.pool().take(command.data.size());
    if (!held) {
        call.reply.status = Status::task_set_full;
        return;
    }
    command.data = held.bytes();
    if (!call.ask(command)) {
        return;
    }
    std::transform(held.bytes().begin(),
                   held.bytes().end(),
                   call.request.data_out.begin(),
                   held.bytes().begin(),
                   [](std::byte a, std::byte b) { return a | b; });
    command.op = Op::write;
    call.ask(command);
}

} // namespace handlers
} // namespace drivers::array
