// SPDX-License-Identifier: Apache-2.0
// I/O commands of one connection: NVM Command Set 1.0, section 3.2, on the volumes of the array.
#include "drivers/array/nvme_connection.h"
#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <functional>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t range_bytes = 16;

// The status of what the medium said; drop_session and silent are no answers.
std::uint16_t status_of(MediumEnd end, Op op) noexcept {
    switch (end) {
    case MediumEnd::miscompare:
        return nvme::status_compare_failure;
    case MediumEnd::medium_error:
        return op == Op::read || op == Op::compare ? nvme::status_unrecovered_read
                                                   : nvme::status_write_fault;
    case MediumEnd::busy:
        return nvme::status_transient;
    case MediumEnd::in_transition:
        return nvme::status_ana_transition;
    case MediumEnd::not_accessible:
        return nvme::status_ana_inaccessible;
    case MediumEnd::out_of_space:
        return nvme::status_capacity_exceeded;
    case MediumEnd::write_protected:
        return nvme::status_write_protected;
    default:
        return 0;
    }
}

bool operation_of(std::uint8_t opcode, Op& op) noexcept {
    switch (opcode) {
    case nvme::opcode_flush:
        op = Op::flush;
        return true;
    case nvme::opcode_read:
        op = Op::read;
        return true;
    case nvme::opcode_write:
        op = Op::write;
        return true;
    case nvme::opcode_compare:
        op = Op::compare;
        return true;
    case nvme::opcode_write_zeroes:
        op = Op::write_zeroes;
        return true;
    case nvme::opcode_dataset_management:
        op = Op::unmap;
        return true;
    default:
        return false;
    }
}

} // namespace

void NvmeConnection::execute_blocks(std::uint16_t index) {
    Command& command = commands_[index];
    const nvme::SubmissionEntry& entry = command.entry;
    MediumCommand wanted;
    const int lun = controller_->lun_of(entry.nsid);
    if (!operation_of(entry.opcode, wanted.op)) {
        answer(index, nvme::status_invalid_opcode);
        return;
    }
    if (wanted.op == Op::flush && entry.nsid == 0xFFFFFFFFU) {
        wanted.lun = static_cast<std::uint16_t>(controller_->lun_of(1));
    } else if (lun < 0) {
        answer(index, nvme::status_invalid_namespace);
        return;
    } else {
        wanted.lun = static_cast<std::uint16_t>(lun);
    }
    wanted.controller = door_.settings().controller;
    if (wanted.op == Op::flush) {
        run_medium(index, wanted);
        return;
    }
    if (wanted.op == Op::unmap) {
        execute_deallocate(index, wanted);
        return;
    }
    const Geometry& geometry = door_.target().core().lun(wanted.lun).geometry;
    wanted.lba = entry.lba();
    wanted.block_count = entry.block_count();
    wanted.force_unit_access =
        (entry.dword12 & nvme::force_unit_access_bit) != 0 || controller_->writes_through();
    if (wanted.lba >= geometry.block_count ||
        wanted.block_count > geometry.block_count - wanted.lba) {
        answer(index, nvme::status_lba_out_of_range);
        return;
    }
    if (wanted.op != Op::write_zeroes) {
        const std::uint64_t bytes = wanted.block_count * geometry.block_bytes;
        const std::uint32_t transfer_max = 1U << (12U + door_.settings().transfer_exponent);
        const bool moves = wanted.op != Op::read || entry.sgl_type == nvme::sgl_transport;
        if (bytes > transfer_max || !moves) {
            answer(index, nvme::status_invalid_field);
            return;
        }
        if (entry.sgl_bytes != bytes) {
            answer(index, nvme::status_sgl_length_invalid);
            return;
        }
        reserve(command, bytes);
        wanted.data = {command.buffer.get(), static_cast<std::size_t>(bytes)};
    }
    run_medium(index, wanted);
}

void NvmeConnection::execute_deallocate(std::uint16_t index, MediumCommand wanted) {
    Command& command = commands_[index];
    const std::size_t count = (command.entry.dword10 & 0xFFU) + 1;
    if (command.bytes < count * range_bytes) {
        answer(index, nvme::status_sgl_length_invalid);
        return;
    }
    if ((command.entry.dword11 & nvme::deallocate_bit) == 0) {
        answer(index, 0); // A hint about the future: nothing to do.
        return;
    }
    const std::uint64_t block_count = door_.target().core().lun(wanted.lun).geometry.block_count;
    ranges_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        const auto range = command.data().subspan(i * range_bytes, range_bytes);
        const BlockRange blocks{.lba = wire::get_le<std::uint64_t>(range, 8),
                                .block_count = wire::get_le<std::uint32_t>(range, 4)};
        if (blocks.block_count > block_count || blocks.lba > block_count - blocks.block_count) {
            answer(index, nvme::status_lba_out_of_range);
            return;
        }
        ranges_.push_back(blocks);
    }
    wanted.ranges = ranges_;
    run_medium(index, wanted);
}

void NvmeConnection::run_medium(std::uint16_t index, const MediumCommand& wanted) {
    Command& command = commands_[index];
    const MediumResult result = door_.target().core().execute(wanted, now_);
    if (result.end == MediumEnd::drop_session) {
        close();
        return;
    }
    if (result.end == MediumEnd::silent) {
        command.stage = Stage::held;
        return;
    }
    const std::uint16_t status = status_of(result.end, wanted.op);
    command.answer.status = static_cast<std::uint16_t>(status << 1);
    if (status != 0) {
        controller_->record_error(queue_id_, command.entry, status);
        const bool retry = status == nvme::status_transient ||
                           status == nvme::status_ana_inaccessible ||
                           status == nvme::status_ana_transition;
        command.answer.status |= retry ? std::uint16_t{0} : nvme::do_not_retry_bit;
    } else if (wanted.op == Op::read) {
        command.answer_bytes = static_cast<std::uint32_t>(wanted.data.size());
    }
    command.timed = true;
    command.ready = result.ready;
    answer_at(index, result.ready);
}

void NvmeConnection::answer_at(std::uint16_t index, TimePoint ready) {
    if (ready <= now_) {
        enqueue_answer(index);
        return;
    }
    commands_[index].stage = Stage::waiting;
    due_.emplace_back(ready, index);
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

} // namespace drivers::array
