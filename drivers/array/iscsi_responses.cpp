// SPDX-License-Identifier: Apache-2.0
// Answers: data-in, SCSI response, reject, ping (RFC 7143 sections 11.4, 11.7, 11.17, 11.19).
#include "drivers/array/iscsi_session.h"

#include <algorithm>
#include <limits>

namespace drivers::array {

using wire::iscsi::BasicHeader;
using wire::iscsi::no_tag;
using wire::iscsi::Opcode;
using wire::iscsi::RejectReason;
using wire::iscsi::Word;
using wire::scsi::Status;
namespace flag = wire::iscsi::flag;

namespace {

// Section 11.4.5: by how much the command's own length missed what the initiator expected.
void set_residual(const IscsiTask& task, BasicHeader& header) noexcept {
    const bool failed_read = task.reads && task.reply.status == Status::check_condition;
    const std::uint64_t wanted = failed_read ? 0 : task.reply.wanted_bytes;
    const std::uint64_t expected = task.expected_bytes;
    if (wanted == expected) {
        return;
    }
    const std::uint64_t residual = wanted > expected ? wanted - expected : expected - wanted;
    header.set_byte(1, header.flags() | (wanted > expected ? flag::overflow : flag::underflow));
    header.set(Word::residual,
               static_cast<std::uint32_t>(
                   std::min<std::uint64_t>(residual, std::numeric_limits<std::uint32_t>::max())));
}

} // namespace

void IscsiSession::stamp(BasicHeader& header, bool has_status) noexcept {
    header.set(Word::stat_sn, start_.stat_sn);
    if (has_status) {
        ++start_.stat_sn;
    }
    header.set(Word::exp_cmd_sn, start_.cmd_sn);
    header.set(Word::max_cmd_sn, start_.cmd_sn + (iscsi_limit::command_window - active_) - 1);
}

void IscsiSession::respond(IscsiTask& task) {
    --(task.is_immediate ? active_immediate_ : active_); // So that its answer widens the window.
    if (task.reply.data_in_bytes > 0 && task.reads && task.reply.sense.count == 0) {
        send_data_in(task);
    } else {
        send_response(task);
    }
    ++(task.is_immediate ? active_immediate_ : active_);
    task.reply = {};
    release(task);
}

void IscsiSession::send_data_in(IscsiTask& task) {
    const wire::Bytes all = task.reply.data_in.bytes().first(task.reply.data_in_bytes);
    const std::size_t burst_max = start_.parameters.max_burst_bytes;
    std::size_t offset = 0;
    for (std::uint32_t data_sn = 0; offset < all.size(); ++data_sn) {
        const std::size_t burst_left = burst_max - offset % burst_max;
        const std::size_t size = std::min(
            {std::size_t{start_.parameters.peer_segment_bytes}, burst_left, all.size() - offset});
        const bool is_last = offset + size == all.size();
        const bool ends_burst = is_last || size == burst_left;
        OutgoingPdu pdu;
        pdu.header =
            wire::iscsi::make_header(Opcode::data_in,
                                     static_cast<std::uint8_t>((ends_burst ? flag::final : 0) |
                                                               (is_last ? flag::has_status : 0)),
                                     task.tag);
        if (is_last) {
            pdu.header.set_byte(3, static_cast<std::uint8_t>(task.reply.status));
            set_residual(task, pdu.header);
        }
        pdu.header.set(Word::target_transfer_tag, no_tag);
        stamp(pdu.header, is_last);
        if (!is_last) {
            pdu.header.set(Word::stat_sn, 0);
        }
        pdu.header.set(Word::data_sn, data_sn);
        pdu.header.set(Word::buffer_offset, static_cast<std::uint32_t>(offset));
        pdu.data = all.subspan(offset, size);
        if (is_last) {
            pdu.owner = std::move(task.reply.data_in);
        }
        sender_.push(std::move(pdu));
        offset += size;
    }
}

void IscsiSession::send_response(IscsiTask& task) {
    BasicHeader header = wire::iscsi::make_header(Opcode::scsi_response, flag::final, task.tag);
    header.set_byte(3, static_cast<std::uint8_t>(task.reply.status));
    set_residual(task, header);
    stamp(header, true);
    const wire::Bytes sense = task.reply.sense.view();
    if (sense.empty()) {
        sender_.push_with_text(header, {});
        return;
    }
    std::array<std::byte, 2 + wire::scsi::sense_bytes_max> data{}; // Section 11.4.7.2
    wire::store_be16(data, 0, sense.size());
    std::copy(sense.begin(), sense.end(), data.begin() + 2);
    sender_.push_with_text(header, wire::Bytes(data).first(2 + sense.size()));
}

void IscsiSession::reject(const BasicHeader& rejected, RejectReason reason) {
    BasicHeader header = wire::iscsi::make_header(Opcode::reject, flag::final, no_tag);
    header.set_byte(2, static_cast<std::uint8_t>(reason));
    stamp(header, true);
    sender_.push_with_text(header, rejected.bytes);
}

void IscsiSession::ping() {
    last_ping_ = last_ping_ + 1 == no_tag ? 0 : last_ping_ + 1;
    ping_tag_ = last_ping_;
    BasicHeader header = wire::iscsi::make_header(Opcode::nop_in, flag::final, no_tag);
    header.set(Word::target_transfer_tag, ping_tag_);
    stamp(header, false);
    sender_.push_with_text(header, {});
}

void IscsiSession::announce_end(wire::iscsi::AsyncEvent event) {
    BasicHeader header = wire::iscsi::make_header(Opcode::async_message, flag::final, no_tag);
    stamp(header, true);
    header.set_byte(36, static_cast<std::uint8_t>(event));
    if (event == wire::iscsi::AsyncEvent::connection_dropped) {
        wire::store_be16(header.bytes, 38, start_.parameters.connection_id);
    }
    sender_.push_with_text(header, {});
}

} // namespace drivers::array
