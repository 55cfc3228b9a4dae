// SPDX-License-Identifier: Apache-2.0
// SCSI commands and their data from the initiator (RFC 7143 sections 11.3, 11.7 and 11.8).
#include "drivers/array/iscsi_session.h"

#include <algorithm>
#include <cstring>

namespace drivers::array {

using wire::iscsi::BasicHeader;
using wire::iscsi::no_tag;
using wire::iscsi::Opcode;
using wire::iscsi::RejectReason;
using wire::iscsi::Word;
using wire::scsi::SenseKey;
using wire::scsi::Status;
namespace code = wire::scsi::code;
namespace flag = wire::iscsi::flag;

namespace {

constexpr std::uint16_t data_phase_error = 0x4B00;
constexpr std::uint32_t wanted_bytes_max = 16U << 20U;

ScsiRequest make_request(const IscsiTask& task, NexusId nexus) noexcept {
    ScsiRequest request;
    request.cdb = task.cdb;
    request.lun = task.lun;
    request.nexus = nexus;
    request.expected_bytes = task.expected_bytes;
    return request;
}

// Slot, generation and burst of a task, as the tag that its data-outs carry back.
std::uint32_t transfer_tag(std::uint32_t slot, const IscsiTask& task) noexcept {
    return slot << 16U | (std::uint32_t{task.generation} & 0xFFFU) << 4U | (task.r2t_count & 0xFU);
}

IscsiTask describe(const BasicHeader& header) noexcept {
    IscsiTask task;
    task.is_immediate = header.is_immediate();
    task.reads = header.has(flag::read);
    task.writes = header.has(flag::write);
    task.tag = header.task_tag();
    task.expected_bytes = header.get(Word::expected_transfer_bytes);
    task.lun_field = header.lun();
    task.lun = wire::iscsi::lun_index(header.lun());
    std::copy_n(header.cdb().begin(), task.cdb.size(), task.cdb.begin());
    return task;
}

// What of its data a write can use; nothing where the claim is beyond what any command may move.
std::uint32_t
usable_bytes(const ScsiTarget& target, const IscsiTask& task, NexusId nexus) noexcept {
    if (!task.writes) {
        return 0;
    }
    const std::uint64_t usable = std::min<std::uint64_t>(
        task.expected_bytes, target.data_out_bytes(make_request(task, nexus)));
    return usable > wanted_bytes_max ? 0 : static_cast<std::uint32_t>(usable);
}

} // namespace

wire::MutableBytes IscsiSession::place(const ReceivedPdu& pdu) noexcept {
    const std::size_t size = pdu.header.data_bytes();
    if (pdu.header.opcode() == Opcode::scsi_command) {
        const IscsiTask task = describe(pdu.header);
        const std::uint32_t usable = usable_bytes(node_.target, task, start_.nexus);
        incoming_ = node_.pool.take(std::max<std::size_t>(size, usable));
        return incoming_ ? incoming_.bytes().first(size) : wire::MutableBytes{};
    }
    if (pdu.header.opcode() == Opcode::data_out) {
        const auto slot = slot_of_data(pdu.header);
        if (!slot || !fits_burst(tasks_[*slot], pdu.header) || !tasks_[*slot].data) {
            return {};
        }
        const std::uint32_t offset = pdu.header.get(Word::buffer_offset);
        if (offset + size > tasks_[*slot].data.bytes().size()) {
            return {}; // More than the command can use.
        }
        streaming_slot_ = slot;
        return tasks_[*slot].data.bytes().subspan(offset, size);
    }
    if (size > iscsi_limit::text_bytes) {
        return {};
    }
    small_data_.resize(size);
    return small_data_;
}

IscsiSession::Verdict IscsiSession::take_command(const ReceivedPdu& pdu, TimePoint now) {
    const BasicHeader& header = pdu.header;
    const auto ahs = wire::iscsi::parse_additional_headers(pdu.ahs);
    const auto slot = free_slot(header.is_immediate());
    if (!ahs || !slot) {
        active_ -= header.is_immediate() ? 0U : 1U;
        reject(header, ahs ? RejectReason::immediate_command_reject : RejectReason::invalid_field);
        incoming_.give_back();
        return Verdict::keep;
    }
    IscsiTask& task = tasks_[*slot];
    const std::uint16_t generation = task.generation;
    task = describe(header);
    task.generation = generation;
    task.arrived = now;
    task.state = IscsiTask::State::collecting;
    task.expects_unsolicited = task.writes && !header.has(flag::final);
    active_immediate_ += task.is_immediate ? 1U : 0U;
    const SessionParameters& agreed = start_.parameters;
    const std::size_t immediate = header.data_bytes();
    const std::uint32_t unsolicited_max = std::min(agreed.first_burst_bytes, task.expected_bytes);
    if ((immediate > 0 && (!agreed.immediate_data || !task.writes)) ||
        immediate > unsolicited_max || (task.expects_unsolicited && agreed.initial_r2t)) {
        incoming_.give_back();
        return fail(*slot, SenseKey::aborted_command, code::unexpected_unsolicited_data);
    }
    task.wanted_bytes = usable_bytes(node_.target, task, start_.nexus);
    task.received_bytes = static_cast<std::uint32_t>(immediate);
    if (pdu.is_dropped) { // There was no memory for its data.
        task.reply.status = Status::task_set_full;
        respond(task);
        return Verdict::keep;
    }
    if (task.expects_unsolicited || task.received_bytes < task.wanted_bytes) {
        return begin_collecting(*slot, pdu);
    }
    const Buffer keeper = std::move(incoming_);
    return run(*slot, pdu.data.first(task.wanted_bytes), now);
}

IscsiSession::Verdict IscsiSession::begin_collecting(std::uint32_t slot, const ReceivedPdu& pdu) {
    IscsiTask& task = tasks_[slot];
    if (incoming_) {
        task.data = std::move(incoming_); // The immediate data is in place already.
    } else if (task.wanted_bytes > 0) {
        task.data = node_.pool.take(task.wanted_bytes);
        if (!task.data) {
            task.reply.status = Status::task_set_full;
            respond(task);
            return Verdict::keep;
        }
        const std::size_t usable = std::min<std::size_t>(pdu.data.size(), task.wanted_bytes);
        if (usable > 0) {
            std::memcpy(task.data.bytes().data(), pdu.data.data(), usable);
        }
    }
    if (!task.expects_unsolicited) {
        task.r2t_begin = task.received_bytes;
        ask_for_data(slot);
    }
    return Verdict::keep;
}

std::uint32_t IscsiSession::burst_end(const IscsiTask& task) const noexcept {
    if (task.expects_unsolicited) {
        return std::min(start_.parameters.first_burst_bytes, task.expected_bytes);
    }
    const std::uint64_t end =
        task.r2t_begin + (std::uint64_t{task.burst} + 1) * start_.parameters.max_burst_bytes;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(end, task.wanted_bytes));
}

void IscsiSession::ask_for_data(std::uint32_t slot) {
    IscsiTask& task = tasks_[slot];
    const std::uint32_t size_max = start_.parameters.max_burst_bytes;
    while (task.r2t_count < task.burst + start_.parameters.outstanding_r2t) {
        const std::uint64_t begin = task.r2t_begin + std::uint64_t{task.r2t_count} * size_max;
        if (begin >= task.wanted_bytes) {
            break;
        }
        BasicHeader r2t =
            wire::iscsi::make_header(Opcode::ready_to_transfer, flag::final, task.tag);
        r2t.set_lun(task.lun_field);
        r2t.set(Word::target_transfer_tag, transfer_tag(slot, task));
        stamp(r2t, false);
        r2t.set(Word::data_sn, task.r2t_count);
        r2t.set(Word::buffer_offset, static_cast<std::uint32_t>(begin));
        r2t.set(Word::desired_bytes,
                static_cast<std::uint32_t>(
                    std::min<std::uint64_t>(size_max, task.wanted_bytes - begin)));
        sender_.push_with_text(r2t, {});
        ++task.r2t_count;
    }
}

std::optional<std::uint32_t> IscsiSession::slot_of_data(const BasicHeader& header) const noexcept {
    const std::uint32_t tag = header.get(Word::target_transfer_tag);
    const auto is_meant = [&header](const IscsiTask& task) {
        return task.state == IscsiTask::State::collecting && task.tag == header.task_tag();
    };
    if (tag != no_tag) {
        const std::uint32_t slot = tag >> 16U;
        const bool is_right = slot < tasks_.size() && is_meant(tasks_[slot]) &&
                              !tasks_[slot].expects_unsolicited &&
                              (tag >> 4U & 0xFFFU) == (tasks_[slot].generation & 0xFFFU) &&
                              (tag & 0xFU) == (tasks_[slot].burst & 0xFU);
        return is_right ? std::optional(slot) : std::nullopt;
    }
    const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const IscsiTask& task) {
        return is_meant(task) && task.expects_unsolicited;
    });
    return found == tasks_.end()
               ? std::nullopt
               : std::optional(static_cast<std::uint32_t>(found - tasks_.begin()));
}

// Data comes in order, within bursts and from one to the next (DataPDUInOrder and
// DataSequenceInOrder are Yes), and ends where its burst ends.
bool IscsiSession::fits_burst(const IscsiTask& task, const BasicHeader& header) const noexcept {
    const std::uint64_t end = std::uint64_t{task.received_bytes} + header.data_bytes();
    const std::uint32_t limit = burst_end(task);
    const bool ends_right = task.expects_unsolicited || header.has(flag::final) == (end == limit);
    return header.get(Word::data_sn) == task.data_sn &&
           header.get(Word::buffer_offset) == task.received_bytes && end <= limit && ends_right &&
           (header.data_bytes() > 0 || header.has(flag::final));
}

IscsiSession::Verdict IscsiSession::take_data_out(const ReceivedPdu& pdu, TimePoint now) {
    const BasicHeader& header = pdu.header;
    const auto slot = slot_of_data(header);
    streaming_slot_.reset();
    incoming_.give_back();
    if (!slot) {
        const bool was_ended =
            std::find(ended_tags_.begin(), ended_tags_.end(), header.task_tag()) !=
            ended_tags_.end();
        if (!was_ended) {
            reject(header, RejectReason::invalid_field);
        }
        return Verdict::keep;
    }
    IscsiTask& task = tasks_[*slot];
    if (!fits_burst(task, header)) {
        return fail(*slot, SenseKey::aborted_command, data_phase_error);
    }
    const std::uint32_t offset = task.received_bytes;
    if (!pdu.data.empty() && offset < task.wanted_bytes) {
        std::byte* const where = task.data.bytes().data() + offset;
        if (where != pdu.data.data()) { // Else it was received in place.
            std::memcpy(where,
                        pdu.data.data(),
                        std::min<std::size_t>(pdu.data.size(), task.wanted_bytes - offset));
        }
    }
    task.received_bytes += static_cast<std::uint32_t>(header.data_bytes());
    ++task.data_sn;
    return after_burst(*slot, header.has(flag::final), now);
}

IscsiSession::Verdict IscsiSession::after_burst(std::uint32_t slot, bool is_final, TimePoint now) {
    IscsiTask& task = tasks_[slot];
    if (!is_final) {
        return Verdict::keep;
    }
    task.data_sn = 0;
    if (task.expects_unsolicited) {
        task.expects_unsolicited = false;
        task.r2t_begin = task.received_bytes;
    } else {
        ++task.burst;
    }
    if (task.received_bytes < task.wanted_bytes) {
        ask_for_data(slot);
        return Verdict::keep;
    }
    const Buffer keeper = std::move(task.data);
    return run(slot, keeper.bytes().first(task.wanted_bytes), now);
}

IscsiSession::Verdict
IscsiSession::run(std::uint32_t slot, wire::MutableBytes data, TimePoint now) {
    IscsiTask& task = tasks_[slot];
    ScsiRequest request = make_request(task, start_.nexus);
    request.data_out = data;
    node_.target.execute(request, task.reply, now);
    if (task.reply.is_silent) {
        task.state = IscsiTask::State::silent;
    } else if (task.reply.ready > now) {
        task.state = IscsiTask::State::held;
        held_.push({task.reply.ready, slot, task.generation});
    } else if (task.reply.drops_session) {
        return Verdict::close;
    } else {
        respond(task);
    }
    return Verdict::keep;
}

IscsiSession::Verdict
IscsiSession::fail(std::uint32_t slot, SenseKey key, std::uint16_t sense_code) {
    IscsiTask& task = tasks_[slot];
    wire::scsi::Sense sense;
    sense.key = key;
    sense.code = sense_code;
    task.reply.status = Status::check_condition;
    task.reply.sense = wire::scsi::encode_fixed_sense(sense);
    if (ended_tags_.size() >= 64) {
        ended_tags_.pop_front();
    }
    ended_tags_.push_back(task.tag); // The rest of its data may be on its way.
    respond(task);
    return Verdict::keep;
}

} // namespace drivers::array
