// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_session.h"

#include <algorithm>

namespace drivers::array {

using wire::iscsi::Opcode;
using wire::iscsi::RejectReason;
using wire::iscsi::Word;

namespace {
constexpr std::size_t ended_tags_max = 64;
constexpr std::size_t deferred_bytes_max = 65536;
} // namespace

IscsiSession::IscsiSession(IscsiNode& node, IscsiSender& sender, Start start)
    : node_(node)
    , sender_(sender)
    , start_(std::move(start))
    , tasks_(iscsi_limit::command_window + iscsi_limit::immediate_tasks) {
    for (std::size_t slot = tasks_.size(); slot-- > 0;) {
        free_slots_.push_back(static_cast<std::uint32_t>(slot));
    }
    node_.sessions.push_back(this);
}

IscsiSession::~IscsiSession() {
    std::erase(node_.sessions, this);
    if (!start_.parameters.is_discovery) {
        node_.target.close_nexus(start_.nexus);
    }
}

std::optional<std::uint32_t> IscsiSession::free_slot(bool immediate) noexcept {
    const bool is_full = immediate ? active_immediate_ >= iscsi_limit::immediate_tasks
                                   : active_ >= iscsi_limit::command_window;
    if (is_full || free_slots_.empty()) {
        return std::nullopt;
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
}

void IscsiSession::release(IscsiTask& task) noexcept {
    --(task.is_immediate ? active_immediate_ : active_);
    task.state = IscsiTask::State::unused;
    ++task.generation;
    task.data.give_back();
    free_slots_.push_back(static_cast<std::uint32_t>(&task - tasks_.data()));
}

void IscsiSession::drop(std::uint32_t slot) noexcept {
    IscsiTask& task = tasks_[slot];
    if (streaming_slot_ == slot) { // The receiver still writes there.
        incoming_ = std::move(task.data);
        streaming_slot_.reset();
    }
    if (ended_tags_.size() == ended_tags_max) {
        ended_tags_.pop_front();
    }
    ended_tags_.push_back(task.tag);
    task.reply = {};
    release(task);
}

void IscsiSession::abort_tasks(std::optional<std::uint16_t> lun) {
    for (std::uint32_t slot = 0; slot < tasks_.size(); ++slot) {
        const IscsiTask& task = tasks_[slot];
        if (task.state != IscsiTask::State::unused && (!lun || task.lun == lun)) {
            drop(slot);
        }
    }
}

bool IscsiSession::admit(const ReceivedPdu& pdu) {
    const Opcode opcode = pdu.header.opcode();
    if (opcode == Opcode::data_out || opcode == Opcode::snack_request ||
        pdu.header.is_immediate()) {
        return true;
    }
    const std::uint32_t cmd_sn = pdu.header.get(Word::cmd_sn);
    if (cmd_sn == start_.cmd_sn) {
        ++start_.cmd_sn;
        ++active_; // Until dispatched; a command keeps it until its answer.
        return true;
    }
    const std::uint32_t ahead = cmd_sn - start_.cmd_sn;
    const bool in_window = ahead < iscsi_limit::command_window - active_;
    if (in_window && !pdu.is_dropped && pdu.data.size() <= deferred_bytes_max) {
        deferred_.try_emplace(cmd_sn,
                              Deferred{pdu.header,
                                       {pdu.ahs.begin(), pdu.ahs.end()},
                                       {pdu.data.begin(), pdu.data.end()}});
    }
    return false; // Outside the window it is silently ignored (RFC 7143 section 4.2.2.1).
}

IscsiSession::Verdict IscsiSession::take(const ReceivedPdu& pdu, TimePoint now) {
    if (pdu.is_damaged) { // Error recovery level 0: the session ends with its first bad digest.
        reject(pdu.header, RejectReason::data_digest_error);
        return Verdict::close;
    }
    if (is_ending_ || !admit(pdu)) {
        return Verdict::keep;
    }
    const Verdict verdict = dispatch(pdu, now);
    carry_out_aborts();
    return verdict == Verdict::keep && !deferred_.empty() ? take_deferred(now) : verdict;
}

IscsiSession::Verdict IscsiSession::take_deferred(TimePoint now) {
    while (!deferred_.empty()) {
        const auto next = deferred_.find(start_.cmd_sn);
        if (next == deferred_.end()) {
            break;
        }
        Deferred deferred = std::move(next->second);
        deferred_.erase(next);
        ++start_.cmd_sn;
        ++active_;
        ReceivedPdu pdu;
        pdu.header = deferred.header;
        pdu.ahs = deferred.ahs;
        pdu.data = deferred.data;
        if (dispatch(pdu, now) == Verdict::close) {
            return Verdict::close;
        }
    }
    return Verdict::keep;
}

IscsiSession::Verdict IscsiSession::dispatch(const ReceivedPdu& pdu, TimePoint now) {
    const Opcode opcode = pdu.header.opcode();
    const bool is_numbered =
        !pdu.header.is_immediate() && opcode != Opcode::data_out && opcode != Opcode::snack_request;
    if (is_numbered && (opcode != Opcode::scsi_command || start_.parameters.is_discovery)) {
        --active_; // Answered at once.
    }
    if (start_.parameters.is_discovery && opcode != Opcode::text_request &&
        opcode != Opcode::logout_request && opcode != Opcode::nop_out) {
        reject(pdu.header, RejectReason::command_not_supported);
        return Verdict::keep;
    }
    switch (opcode) {
    case Opcode::scsi_command:
        return take_command(pdu, now);
    case Opcode::data_out:
        return take_data_out(pdu, now);
    case Opcode::task_management_request:
        return take_task_management(pdu);
    case Opcode::nop_out:
        return take_nop(pdu);
    case Opcode::text_request:
        return take_text(pdu);
    case Opcode::logout_request:
        return take_logout(pdu);
    case Opcode::snack_request: // Error recovery level 0.
        reject(pdu.header, RejectReason::snack_reject);
        return Verdict::keep;
    case Opcode::login_request:
        reject(pdu.header, RejectReason::protocol_error);
        return Verdict::close;
    default:
        reject(pdu.header, RejectReason::command_not_supported);
        return Verdict::keep;
    }
}

TimePoint IscsiSession::next_due() const noexcept {
    return held_.empty() ? TimePoint::max() : held_.top().ready;
}

IscsiSession::Verdict IscsiSession::release_due(TimePoint now) {
    while (!held_.empty() && held_.top().ready <= now) {
        const Held due = held_.top();
        held_.pop();
        IscsiTask& task = tasks_[due.slot];
        if (task.state != IscsiTask::State::held || task.generation != due.generation) {
            continue; // Aborted meanwhile.
        }
        if (task.reply.drops_session) {
            return Verdict::close;
        }
        node_.target.core().answered(due.ready, now, now - task.arrived);
        respond(task);
    }
    return Verdict::keep;
}

} // namespace drivers::array
