// SPDX-License-Identifier: Apache-2.0
// Requests without a SCSI command: task management, NOP, text and logout (RFC 7143 sections 11.5,
// 11.10, 11.14 and 11.18).
#include "drivers/array/iscsi_negotiation.h"
#include "drivers/array/iscsi_session.h"

#include <algorithm>

namespace drivers::array {

using wire::iscsi::BasicHeader;
using wire::iscsi::no_tag;
using wire::iscsi::Opcode;
using wire::iscsi::RejectReason;
using wire::iscsi::TaskAnswer;
using wire::iscsi::TaskFunction;
using wire::iscsi::Word;
namespace code = wire::scsi::code;
namespace flag = wire::iscsi::flag;

IscsiSession::Verdict IscsiSession::take_task_management(const ReceivedPdu& pdu) {
    const auto function = static_cast<TaskFunction>(pdu.header.flags() & 0x7FU);
    BasicHeader answer = wire::iscsi::make_header(
        Opcode::task_management_response, flag::final, pdu.header.task_tag());
    answer.set_byte(2, static_cast<std::uint8_t>(manage(pdu.header)));
    stamp(answer, true);
    sender_.push_with_text(answer, {});
    if (function == TaskFunction::target_cold_reset) { // Every connection ends, this one too.
        const std::vector<IscsiSession*> sessions = node_.sessions;
        for (IscsiSession* session : sessions) {
            session->end(false);
        }
    }
    return Verdict::keep;
}

TaskAnswer IscsiSession::abort_task(const BasicHeader& header) {
    const std::uint32_t tag = header.get(Word::referenced_task_tag);
    for (std::uint32_t slot = 0; slot < tasks_.size(); ++slot) {
        if (tasks_[slot].state != IscsiTask::State::unused && tasks_[slot].tag == tag) {
            if (tasks_[slot].lun_field != header.lun()) {
                return TaskAnswer::no_such_lun;
            }
            drop(slot);
            return TaskAnswer::complete;
        }
    }
    return TaskAnswer::no_such_task;
}

TaskAnswer IscsiSession::manage(const BasicHeader& header) {
    const auto function = static_cast<TaskFunction>(header.flags() & 0x7FU);
    const auto lun = wire::iscsi::lun_index(header.lun());
    const bool has_unit = lun && *lun < node_.target.unit_count();
    switch (function) {
    case TaskFunction::abort_task:
        return abort_task(header);
    case TaskFunction::target_warm_reset:
    case TaskFunction::target_cold_reset:
        for (IscsiSession* session : node_.sessions) {
            session->abort_tasks(std::nullopt);
        }
        node_.target.reset_all(code::bus_reset);
        return TaskAnswer::complete;
    case TaskFunction::abort_task_set:
    case TaskFunction::clear_task_set:
    case TaskFunction::logical_unit_reset:
        break;
    default:
        return TaskAnswer::unsupported;
    }
    if (!has_unit) {
        return TaskAnswer::no_such_lun;
    }
    if (function == TaskFunction::abort_task_set) {
        abort_tasks(lun);
        return TaskAnswer::complete;
    }
    for (IscsiSession* session : node_.sessions) {
        session->abort_tasks(lun);
    }
    if (function == TaskFunction::logical_unit_reset) {
        node_.target.reset_unit(*lun, code::bus_device_reset);
    } else {
        node_.target.raise_for_others(*lun, start_.nexus, code::commands_cleared);
    }
    return TaskAnswer::complete;
}

void IscsiSession::carry_out_aborts() {
    for (const auto& [nexus, lun] : node_.target.take_aborts()) {
        for (IscsiSession* session : node_.sessions) {
            if (session->nexus() == nexus && !session->parameters().is_discovery) {
                session->abort_tasks(lun);
            }
        }
    }
}

IscsiSession::Verdict IscsiSession::take_nop(const ReceivedPdu& pdu) {
    if (pdu.header.task_tag() == no_tag) { // Answers a ping, or only tells ExpStatSN.
        if (pdu.header.get(Word::target_transfer_tag) == ping_tag_) {
            ping_tag_ = no_tag;
        }
        return Verdict::keep;
    }
    BasicHeader answer =
        wire::iscsi::make_header(Opcode::nop_in, flag::final, pdu.header.task_tag());
    answer.set_lun(pdu.header.lun());
    answer.set(Word::target_transfer_tag, no_tag);
    stamp(answer, true);
    const std::size_t echoed =
        std::min<std::size_t>(pdu.data.size(), start_.parameters.peer_segment_bytes);
    sender_.push_with_text(answer, pdu.data.first(echoed));
    return Verdict::keep;
}

// Answers the whole collected request: SendTargets, or keys that may change at any time.
std::string IscsiSession::answer_text() {
    std::string answer;
    const auto pairs = wire::iscsi::parse_text(std::as_bytes(std::span(text_request_)));
    if (!pairs) {
        return answer;
    }
    for (const wire::iscsi::TextPair& pair : *pairs) {
        if (pair.key != "SendTargets") {
            negotiate_key(pair, false, start_.parameters, answer);
            continue;
        }
        const bool all = pair.value == "All" && start_.parameters.is_discovery;
        std::string_view last_name;
        for (const IscsiDoor& door : node_.doors) {
            const bool is_asked =
                all || door.target_name == pair.value ||
                (pair.value.empty() && door.target_name == start_.parameters.target_name);
            if (!is_asked) {
                continue;
            }
            if (door.target_name != last_name) {
                wire::iscsi::append_text(answer, "TargetName", door.target_name);
                last_name = door.target_name;
            }
            wire::iscsi::append_text(
                answer, "TargetAddress", door.address + "," + std::to_string(door.group_tag));
        }
    }
    return answer;
}

IscsiSession::Verdict IscsiSession::take_text(const ReceivedPdu& pdu) {
    const BasicHeader& header = pdu.header;
    const bool goes_on = header.get(Word::target_transfer_tag) != no_tag;
    if (goes_on && header.get(Word::target_transfer_tag) != last_text_tag_) {
        reject(header, RejectReason::invalid_field);
        return Verdict::keep;
    }
    if (!goes_on) { // A new negotiation ends any old one.
        text_request_.clear();
        text_rest_.clear();
    }
    if (pdu.is_dropped || text_request_.size() + pdu.data.size() > iscsi_limit::text_bytes) {
        text_request_.clear();
        reject(header, RejectReason::protocol_error);
        return Verdict::keep;
    }
    if (text_rest_.empty()) {
        text_request_.append(reinterpret_cast<const char*>(pdu.data.data()), pdu.data.size());
        if (!header.has(flag::text_continue)) {
            text_rest_ = answer_text();
            text_request_.clear();
        }
    }
    send_text_piece(header);
    return Verdict::keep;
}

void IscsiSession::send_text_piece(const BasicHeader& request) {
    const std::size_t size =
        std::min<std::size_t>(text_rest_.size(), start_.parameters.peer_segment_bytes);
    const std::string piece = text_rest_.substr(0, size);
    text_rest_.erase(0, size);
    const bool asks_more = request.has(flag::text_continue);
    const bool is_final = text_rest_.empty() && !asks_more;
    BasicHeader answer = wire::iscsi::make_header(Opcode::text_response, 0, request.task_tag());
    answer.set_byte(1, is_final ? flag::final : text_rest_.empty() ? 0 : flag::text_continue);
    answer.set_lun(request.lun());
    if (!is_final) {
        last_text_tag_ = last_text_tag_ + 1 == no_tag ? 0 : last_text_tag_ + 1;
    }
    answer.set(Word::target_transfer_tag, is_final ? no_tag : last_text_tag_);
    stamp(answer, true);
    sender_.push_with_text(answer, std::as_bytes(std::span(piece)));
}

IscsiSession::Verdict IscsiSession::take_logout(const ReceivedPdu& pdu) {
    constexpr std::uint8_t recovery = 2;
    const std::uint8_t reason = pdu.header.flags() & 0x7FU;
    const bool is_other =
        reason == 1 && wire::load_be16(pdu.header.bytes, 20) != start_.parameters.connection_id;
    BasicHeader answer =
        wire::iscsi::make_header(Opcode::logout_response, flag::final, pdu.header.task_tag());
    // 1: no such connection; 2: recovery is not supported.
    const std::uint8_t response = reason >= recovery ? 2 : is_other ? 1 : 0;
    answer.set_byte(2, response);
    stamp(answer, true);
    sender_.push_with_text(answer, {});
    if (response != 0) {
        return Verdict::keep;
    }
    is_ending_ = true;
    return Verdict::close;
}

} // namespace drivers::array
