// SPDX-License-Identifier: Apache-2.0
// What is sent more than once: put off by the array, held while it is unknown who answers, or taken
// from a session that the array asked to leave.
#include "drivers/iscsi/iscsi_driver.h"
#include "drivers/wire/scsi_advice.h"

#include <algorithm>

namespace drivers::iscsi {

namespace {

constexpr Duration size_pause = std::chrono::milliseconds(100);

// Short at first, as most refusals pass at once; then so long that waiting costs the array nothing.
Duration pause_after(int refusals) noexcept {
    constexpr Duration shortest = std::chrono::milliseconds(1);
    constexpr int doublings_max = 6;
    return shortest * (1 << std::min(refusals, doublings_max));
}

} // namespace

bool IscsiDriver::send(Slot& slot) noexcept {
    if (!session_->send(slot.command)) {
        return false;
    }
    slot.state = SlotState::sent;
    slot.deadline = clock_.now() + settings_.command_timeout;
    slots_.link(slot);
    ++unflushed_;
    return true;
}

void IscsiDriver::hold(Slot& slot, TimePoint send_at) noexcept {
    slot.state = SlotState::held;
    slot.send_at = send_at;
    next_send_ = std::min(next_send_, send_at);
    ++held_;
}

// Whether a refused command is not at its end: then it is sent again, at once or later.
bool IscsiDriver::is_sent_again(Slot& slot) noexcept {
    const Command& command = slot.command;
    const TimePoint now = clock_.now();
    switch (wire::scsi::advice_of(command.scsi_status, command.sense)) {
    case wire::scsi::Advice::none:
        return false;
    case wire::scsi::Advice::again: // Nothing was done: SAM-5 5.14.
        if (slot.attentions == unit_attentions_max) {
            return false;
        }
        ++slot.attentions;
        ++counts_.unit_attentions;
        ++put_off_.attentions;
        slots_.unlink(slot);
        if (command.data_still_queued || !is_sure() || !send(slot)) {
            hold(slot, now);
        }
        return true;
    case wire::scsi::Advice::later:
        break;
    }
    if (settings_.has_other_paths && wire::scsi::is_in_transition(command.sense)) {
        return false;
    }
    if (slot.refusals == 0) {
        slot.refused_first = now;
    }
    const Duration waited = now - slot.refused_first;
    put_off_.longest = std::max(put_off_.longest, waited);
    if (waited >= settings_.ready_timeout) {
        return false;
    }
    slots_.unlink(slot);
    hold(slot, now + pause_after(slot.refusals++));
    return true;
}

void IscsiDriver::send_pending() noexcept {
    if (!is_sure()) {
        hold_pending(clock_.now());
        return;
    }
    for (Slot* const slot : pending_) {
        if ((owes_size_ && waits_for_size(*slot, clock_.now())) || send(*slot)) {
            continue;
        }
        session_broken_ = true; // It never left this host: it goes with the next session.
        hold(*slot, clock_.now());
    }
    pending_.clear();
}

// After what has come was read. False: the session was left.
bool IscsiDriver::send_unless_in_doubt(TimePoint now) noexcept {
    if (asking_ == Asking::access && control_.idle()) {
        doubt(control_.sense());
    }
    if (leave_in_doubt(now)) {
        return false;
    }
    send_pending();
    unflushed_ = 0;
    session_->flush();
    return true;
}

// The size that is owed is asked for again, also where no port group tells when it may be had.
void IscsiDriver::watch_size(TimePoint now) noexcept {
    if (!owes_size_ || !is_sure() || now < next_size_) {
        return;
    }
    next_size_ = now + size_pause;
    in_doubt_ = session_->all_sent();
}

void IscsiDriver::hold_pending(TimePoint now) noexcept {
    for (Slot* const slot : pending_) {
        hold(*slot, now);
    }
    pending_.clear();
}

// The LUN has not said how large it is: it may be another one, and nothing is written to it. What
// waited for long ends as the path's state would have ended it.
bool IscsiDriver::waits_for_size(Slot& slot, TimePoint now) noexcept {
    if (!slot.changes_data()) {
        return false;
    }
    if (slot.refused_first == TimePoint{}) {
        slot.refused_first = now;
    }
    if (settings_.has_other_paths || now - slot.refused_first >= settings_.ready_timeout) {
        slot.end.sense = question_.last_sense();
        finish(slot, Status::failed, !slot.may_run);
        return true;
    }
    hold(slot, now + pause_after(0));
    return true;
}

void IscsiDriver::send_held(TimePoint now) noexcept {
    if (held_ == 0 || now < next_send_ || !is_sure()) {
        return;
    }
    next_send_ = TimePoint::max();
    for (Slot& slot : slots_.all()) {
        if (slot.state != SlotState::held) {
            continue;
        }
        const bool is_entangled = slot.command.data_still_queued && session_->wants_to_write();
        if (is_entangled || slot.send_at > now) {
            next_send_ = std::min(next_send_, std::max(slot.send_at, now + pause_after(0)));
            continue;
        }
        --held_;
        if (owes_size_ && waits_for_size(slot, now)) {
            continue;
        }
        if (!send(slot)) {
            session_broken_ = true;
            hold(slot, now);
            return;
        }
        slot.may_run = false; // What was begun before has ended with its session.
        put_off_.times += slot.refusals > 0 ? 1 : 0;
    }
}

// The session is gone. What the array itself asked us to take elsewhere goes with the next one, as
// nothing of it can land any more once that stands; of the rest nobody knows.
void IscsiDriver::lose_in_flight(TimePoint now) noexcept {
    const bool takes_along = session_->news().is_leaving && !settings_.has_other_paths;
    session_.reset(); // Closes the socket: from here on no buffer is touched.
    hold_pending(now);
    for (Slot& slot : slots_.all()) {
        slot.command.data_still_queued = false;
        if (slot.state == SlotState::sent) {
            slots_.unlink(slot);
            if (takes_along) {
                slot.may_run = slot.changes_data();
                hold(slot, now);
            } else {
                finish(slot, Status::lost, false);
            }
        } else if (slot.state == SlotState::aborting) {
            finish(slot, Status::timed_out, false);
        } else if (slot.state == SlotState::draining) {
            slots_.finish(slot); // Its answer had come.
        }
        slots_.settle_abort(slot);
    }
    aborting_ = 0;
    abort_zombies_ = 0;
    draining_ = 0;
    if (settings_.has_other_paths) {
        lose_held();
    }
}

void IscsiDriver::lose_held() noexcept {
    for (Slot& slot : slots_.all()) {
        if (slot.state == SlotState::held) {
            finish(slot, Status::lost, !slot.may_run);
        }
    }
    held_ = 0;
    next_send_ = TimePoint::max();
}

void IscsiDriver::doubt(std::uint32_t sense) noexcept {
    if (wire::scsi::casts_doubt(sense)) {
        in_doubt_ = true;
        withholds_ = true;
    }
}

// libiscsi keeps to itself what a SCSI asynchronous event says (RFC 7143 11.9): it may be anything.
void IscsiDriver::note_events() noexcept {
    if (session_->news().scsi_events != events_seen_) {
        events_seen_ = session_->news().scsi_events;
        in_doubt_ = true;
        withholds_ = true;
    }
}

void IscsiDriver::begin_question(TimePoint now) noexcept {
    const Duration patience = std::max(settings_.login_timeout, settings_.ready_timeout);
    question_.begin(mark_of(identity_, geometry_), now + patience);
    in_doubt_ = false; // What is said from here on counts.
    ++counts_.questions;
}

// What has not left this host yet would still go out before the question, and cannot be taken back:
// the session is left, and the question asked on the next one.
bool IscsiDriver::leave_in_doubt(TimePoint now) noexcept {
    if (!in_doubt_ || session_->all_sent()) {
        return false;
    }
    lose_session(now, "who answers came into doubt while commands were still queued");
    return true;
}

// In an unbroken session: who answers?
void IscsiDriver::settle_doubt(TimePoint now) noexcept {
    if (leave_in_doubt(now)) {
        return;
    }
    if (in_doubt_ && question_.is_open()) {
        question_.restart();
        in_doubt_ = false;
    } else if (in_doubt_) {
        begin_question(now);
    }
    if (!question_.is_open()) {
        return;
    }
    question_.advance(*session_, now);
    if (question_.is_answered() && !is_same(now)) {
        return;
    }
    session_broken_ = session_broken_ || question_.is_late(now);
}

// What was answered is what was expected; if not, it is the driver's end.
bool IscsiDriver::is_same(TimePoint now) noexcept {
    const LunMark expected = mark_of(identity_, geometry_);
    if (!is_same_lun(expected, question_.seen())) {
        end(DriverEnd::another_lun, another_lun_text(expected, question_.seen()));
        return false;
    }
    owes_size_ = question_.owes_size();
    next_size_ = owes_size_ ? now + size_pause : TimePoint::max();
    withholds_ = false;
    put_off_.attentions += question_.attentions();
    next_send_ = held_ > 0 ? std::min(next_send_, now) : next_send_;
    return true;
}

} // namespace drivers::iscsi
