// SPDX-License-Identifier: Apache-2.0
// Requests: from submit() to the completion.
#include "drivers/iscsi/iscsi_driver.h"

#include "drivers/iscsi/scsi_commands.h"
#include "drivers/wire/scsi_sense.h"

#include <algorithm>

namespace drivers::iscsi {

namespace {

namespace code = wire::scsi::code;
using wire::scsi::SenseKey;

constexpr std::uint32_t sense_code(SenseKey key, std::uint16_t additional) {
    return static_cast<std::uint32_t>(key) << 16U | additional;
}

constexpr std::uint32_t invalid_field =
    sense_code(SenseKey::illegal_request, code::invalid_field_in_cdb);
constexpr std::uint64_t blocks_max = 0xffffffff; // The count field of the 16-byte commands.
constexpr std::uint64_t bytes_max = 0x7fffffff;  // libiscsi counts a transfer in an int.

} // namespace

bool IscsiDriver::submit(const Request& request) noexcept {
    const bool is_over = phase_ == Phase::dead;
    if (slots_.full() || phase_ == Phase::reconnecting ||
        (!is_over && (!is_sure() || session_->state() != SessionState::up))) {
        return false;
    }
    Slot& slot = slots_.take();
    slot.op = request.op;
    slot.end = Completion{};
    slot.end.tag = request.tag;
    if (is_over) {
        end_here(slot, Status::lost, 0);
        return true;
    }
    if (!prepare(slot, request)) {
        return true; // Ended already.
    }
    slot.state = SlotState::pending;
    pending_.push_back(&slot);
    return true;
}

// Fills in the command; false: the request ended without one.
bool IscsiDriver::prepare(Slot& slot, const Request& request) noexcept {
    Command& command = slot.command;
    command.direction = Direction::none;
    command.cdb_bytes = 16;
    command.data = {};
    const BlockRange& range = request.range;
    switch (request.op) {
    case Op::read:
    case Op::write:
    case Op::compare:
        return prepare_transfer(slot, request);
    case Op::flush:
        command.cdb = synchronize_cache_cdb({0, 0}); // 0 blocks: to the end.
        return true;
    case Op::write_zeroes:
        if (range.block_count == 0 || range.block_count > blocks_max) {
            // Zero would mean "to the end of the LUN" (SBC-4 5.49): it must never be sent.
            const bool nothing = range.block_count == 0;
            end_here(slot, nothing ? Status::good : Status::failed, nothing ? 0 : invalid_field);
            return false;
        }
        command.cdb = write_same_cdb(range, settings_.write_zeroes_may_unmap);
        command.direction = Direction::out;
        command.data = zero_block_;
        return true;
    case Op::unmap:
        break;
    }
    if (!unmap_parameters(request.ranges, slot.parameters)) {
        end_here(slot, Status::failed, invalid_field);
        return false;
    }
    constexpr std::size_t header_only = 8;
    if (slot.parameters.size() == header_only) {
        end_here(slot, Status::good, 0);
        return false;
    }
    command.cdb = unmap_cdb(slot.parameters.size());
    command.cdb_bytes = 10;
    command.direction = Direction::out;
    command.data = slot.parameters;
    return true;
}

bool IscsiDriver::prepare_transfer(Slot& slot, const Request& request) noexcept {
    const BlockRange& range = request.range;
    const std::uint64_t limit = geometry_.transfer_bytes_max;
    const std::uint64_t bytes = request.data.size();
    const bool fits = range.block_count <= blocks_max && bytes <= bytes_max &&
                      bytes == range.block_count * geometry_.block_bytes &&
                      (limit == 0 || bytes <= limit);
    if (!fits || bytes == 0) {
        end_here(slot, fits ? Status::good : Status::failed, fits ? 0 : invalid_field);
        return false;
    }
    Command& command = slot.command;
    command.data = request.data;
    command.direction = request.op == Op::read ? Direction::in : Direction::out;
    command.cdb = request.op == Op::read    ? read_cdb(range, request.force_unit_access)
                  : request.op == Op::write ? write_cdb(range, request.force_unit_access)
                                            : verify_cdb(range);
    return true;
}

void IscsiDriver::end_here(Slot& slot, Status status, std::uint32_t sense) noexcept {
    slot.end.status = status;
    slot.end.sense = sense;
    slot.end.done = clock_.now();
    slots_.finish(slot);
}

void IscsiDriver::finish(Slot& slot, Status status, bool fenced) noexcept {
    slot.end.status = status;
    slot.end.fenced = fenced || !slot.changes_data();
    slot.end.done = clock_.now();
    slots_.finish(slot);
}

void IscsiDriver::answered(Command& command) noexcept {
    Slot& slot = *static_cast<Slot*>(command.owner);
    static_cast<IscsiDriver*>(slot.driver)->take_answer(slot);
}

void IscsiDriver::take_answer(Slot& slot) noexcept {
    if (slot.command.scsi_status != 0) {
        note_access(slot.command.sense);
        doubt(slot.command.sense);
        if (slot.state == SlotState::sent && is_sent_again(slot)) {
            return;
        }
    }
    if (slot.state == SlotState::sent) {
        slots_.unlink(slot);
    } else if (slot.state == SlotState::aborting) { // It came after all, before the abort.
        --aborting_;
        ++abort_zombies_;
    }
    take_status(slot);
    slot.end.done = clock_.now();
    if (slot.command.data_still_queued) {
        slot.state = SlotState::draining;
        ++draining_;
    } else {
        slots_.finish(slot);
    }
}

void IscsiDriver::take_status(Slot& slot) noexcept {
    const Command& command = slot.command;
    slot.end.fenced = true;
    slot.end.sense =
        command.sense != 0 ? command.sense : static_cast<std::uint32_t>(command.scsi_status) << 24U;
    switch (static_cast<wire::scsi::Status>(command.scsi_status)) {
    case wire::scsi::Status::good:
    case wire::scsi::Status::condition_met:
        take_good(slot);
        return;
    default:
        break;
    }
    const auto advice = wire::scsi::advice_of(command.scsi_status, command.sense);
    const bool is_late = advice == wire::scsi::Advice::later;
    slot.end.status = is_late ? Status::busy : Status::failed;
    counts_.busy += is_late ? 1 : 0;
}

void IscsiDriver::take_good(Slot& slot) noexcept {
    // Only where data is moved: some targets count the parameters of UNMAP as not taken.
    const bool moves = slot.op == Op::read || slot.op == Op::write;
    const Residual residual = moves ? slot.command.residual : Residual::none;
    slot.end.status = residual == Residual::none ? Status::good : Status::failed;
    slot.end.sense = residual == Residual::underflow  ? wire::scsi::residual_underflow
                     : residual == Residual::overflow ? wire::scsi::residual_overflow
                                                      : 0;
}

void IscsiDriver::note_access(std::uint32_t sense) noexcept {
    switch (sense) {
    case sense_code(SenseKey::unit_attention, code::access_state_changed):
        break;
    case sense_code(SenseKey::not_ready, code::state_transition):
        access_ = Access::transitioning;
        break;
    case sense_code(SenseKey::not_ready, code::standby_state):
        access_ = Access::standby;
        break;
    case sense_code(SenseKey::not_ready, code::unavailable_state):
        access_ = Access::unavailable;
        break;
    default:
        return;
    }
    access_stale_ = true;
}

void IscsiDriver::start_abort(Slot& slot, TimePoint now) noexcept {
    ++counts_.timed_out;
    slots_.unlink(slot);
    slot.state = SlotState::aborting;
    slot.deadline = now + settings_.abort_timeout;
    slot.abort_unanswered = true;
    ++aborting_;
    next_abort_deadline_ = std::min(next_abort_deadline_, slot.deadline);
    // A command that may not have left yet cannot be aborted: taking it back would tear a hole
    // into the numbering that the array waits on for ever (RFC 7143 4.2.2.1).
    if (!session_->all_sent() || !session_->abort(slot.command)) {
        session_broken_ = true;
    }
}

void IscsiDriver::abort_answered(Command& command, bool aborted) noexcept {
    Slot& slot = *static_cast<Slot*>(command.owner);
    auto& self = *static_cast<IscsiDriver*>(slot.driver);
    const bool awaited = slot.state == SlotState::aborting;
    if (!awaited) {
        --self.abort_zombies_;
        self.slots_.settle_abort(slot);
        return;
    }
    const bool carries_data = command.direction == Direction::out && !command.data.empty();
    if (!aborted || (carries_data && self.session_->wants_to_write())) {
        self.session_broken_ = true; // Only closing the socket lets go of the buffer.
        return;
    }
    self.session_->forget(command);
    --self.aborting_;
    ++self.counts_.aborted;
    slot.abort_unanswered = false;
    self.finish(slot, Status::timed_out, true);
}

std::size_t IscsiDriver::poll(std::span<Completion> out) noexcept {
    const TimePoint now = clock_.now();
    if (phase_ == Phase::up) {
        serve(now);
    } else if (phase_ == Phase::reconnecting) {
        reconnect(now);
    }
    return withholds_ ? 0 : slots_.drain(out);
}

void IscsiDriver::serve(TimePoint now) noexcept {
    // When all that is in flight was only just queued, no answer can have come yet.
    const bool only_new = !pending_.empty() && slots_.sent() == 0 && aborting_ == 0 &&
                          asking_ == Asking::nothing && is_sure();
    if (!only_new) {
        session_->read();
    }
    if (session_->state() == SessionState::up) {
        note_events();
        if (!send_unless_in_doubt(now)) {
            return;
        }
        settle_drained();
        expire(now);
        watch_access(now);
        watch_size(now);
        if (!is_sure()) {
            settle_doubt(now);
        }
        if (phase_ != Phase::up) {
            return; // Another LUN, or the session was left.
        }
        send_held(now);
        if (unflushed_ > 0) {
            unflushed_ = 0;
            session_->flush();
        }
    }
    if (!session_->protocol_fault().empty()) {
        end(DriverEnd::broke_protocol, session_->error());
        return;
    }
    if (session_->state() != SessionState::up || session_broken_) {
        lose_session(now, session_broken_ ? "a command could not be aborted" : session_->error());
        return;
    }
    watch_socket();
}

void IscsiDriver::expire(TimePoint now) noexcept {
    for (Slot* slot = slots_.oldest(); slot != nullptr && slot->deadline <= now;
         slot = slots_.oldest()) {
        start_abort(*slot, now);
    }
    if (aborting_ + abort_zombies_ > 0 && now >= next_abort_deadline_) {
        session_broken_ = true;
    }
    if (aborting_ + abort_zombies_ == 0) {
        next_abort_deadline_ = TimePoint::max();
    }
}

void IscsiDriver::settle_drained() noexcept {
    if (draining_ == 0 || session_->wants_to_write()) {
        return;
    }
    for (Slot& slot : slots_.all()) {
        if (slot.state == SlotState::draining) {
            --draining_;
            slots_.finish(slot);
        }
    }
}

TimePoint IscsiDriver::next_timer() const noexcept {
    if ((slots_.has_ready() && !withholds_) || unflushed_ > 0 || !pending_.empty()) {
        return TimePoint::min();
    }
    if (phase_ == Phase::reconnecting) {
        return session_ != nullptr ? std::min(attempt_ends_, question_.next_timer())
                                   : std::min(next_attempt_, give_up_at_);
    }
    if (phase_ == Phase::dead) {
        return TimePoint::max();
    }
    TimePoint next = std::min(next_access_, next_abort_deadline_);
    next = std::min(next, is_sure() ? std::min(next_send_, next_size_) : question_.next_timer());
    if (slots_.oldest() != nullptr) {
        next = std::min(next, slots_.oldest()->deadline);
    }
    return asking_ == Asking::nothing ? next : std::min(next, asked_by_);
}

} // namespace drivers::iscsi
