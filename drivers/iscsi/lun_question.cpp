// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/lun_question.h"

#include "drivers/iscsi/scsi_commands.h"
#include "drivers/wire/end_words.h"
#include "drivers/wire/lun_pages.h"
#include "drivers/wire/scsi_advice.h"
#include "drivers/wire/scsi_sense.h"

#include <algorithm>
#include <utility>

namespace drivers::iscsi {

namespace {

constexpr Duration pause = std::chrono::milliseconds(20);
constexpr std::uint32_t no_such_lun = 0x052500;
constexpr std::uint32_t no_such_command = 0x052000;

} // namespace

void LunQuestion::begin(const LunMark& expected, TimePoint until) noexcept {
    expected_ = expected;
    seen_ = {};
    until_ = until;
    not_before_ = {};
    last_sense_ = 0;
    attentions_ = 0;
    is_stale_ = false;
    go(Step::draining);
}

void LunQuestion::restart() noexcept {
    is_stale_ = asked_;
    go(Step::draining);
}

void LunQuestion::drop() noexcept {
    control_.drop();
    step_ = Step::closed;
    asked_ = false;
    is_stale_ = false;
}

void LunQuestion::go(Step step) noexcept {
    step_ = step;
    attentions_in_a_row_ = 0;
    if (step == Step::draining) {
        owes_size_ = false;
    }
}

void LunQuestion::advance(Session& session, TimePoint now) noexcept {
    if (asked_ && control_.idle()) {
        asked_ = false;
        const bool is_stale = std::exchange(is_stale_, false);
        if (!is_stale && !take(now)) {
            last_sense_ = control_.end();
        }
    }
    if (is_open() && !asked_ && now >= not_before_) {
        ask(session);
    }
}

void LunQuestion::ask(Session& session) noexcept {
    switch (step_) {
    case Step::draining:
        control_.begin(session, test_unit_ready_cdb());
        break;
    case Step::name:
        control_.begin(session, vital_page_cdb(0x83, control_bytes));
        break;
    case Step::serial:
        control_.begin(session, vital_page_cdb(0x80, control_bytes));
        break;
    case Step::size:
        control_.begin(session, read_capacity_cdb(control_bytes));
        break;
    case Step::small_size:
        control_.begin(session, read_capacity_10_cdb());
        break;
    case Step::closed:
    case Step::answered:
        return;
    }
    asked_ = true;
    session.flush();
}

bool LunQuestion::take(TimePoint now) noexcept {
    const std::uint32_t sense = control_.sense();
    switch (control_.advice()) {
    case wire::scsi::Advice::again:
        ++attentions_;
        if (++attentions_in_a_row_ >= unit_attentions_max) {
            not_before_ = now + pause; // It has more of them than reasons.
        }
        if (wire::scsi::casts_doubt(sense) && step_ != Step::draining) {
            go(Step::draining);
        }
        return false;
    case wire::scsi::Advice::later:
        not_before_ = now + pause;
        return false;
    case wire::scsi::Advice::none:
        break;
    }
    // What is refused for good is not there; any other trouble says nothing of who answers.
    const bool is_refused =
        sense >> 16U == static_cast<std::uint32_t>(wire::scsi::SenseKey::illegal_request);
    const bool asks_name = step_ == Step::name || step_ == Step::serial;
    if (asks_name && !control_.good() && !is_refused) {
        not_before_ = now + pause;
        return false;
    }
    const bool absent = sense == no_such_lun ||
                        (control_.good() && step_ != Step::draining && step_ != Step::size &&
                         step_ != Step::small_size && wire::load_u8(control_.bytes(), 0) == 0x7F);
    if (absent) { // Not another LUN: none, for now.
        not_before_ = now + pause;
        return false;
    }
    switch (step_) {
    case Step::draining:
        go(Step::name);
        return true;
    case Step::name:
        seen_.unique_id =
            control_.good() ? wire::scsi::parse_device_ids(control_.bytes()).unique_id : "";
        go(expected_.unique_id.empty() ? Step::serial : Step::size);
        return true;
    case Step::serial:
        seen_.serial = control_.good() ? wire::scsi::parse_serial(control_.bytes()) : "";
        go(Step::size);
        return true;
    default:
        break;
    }
    if (step_ == Step::size && sense == no_such_command) {
        go(Step::small_size);
        return true;
    }
    const auto capacity = !control_.good()      ? std::nullopt
                          : step_ == Step::size ? wire::scsi::parse_capacity(control_.bytes())
                                                : wire::scsi::parse_capacity_10(control_.bytes());
    owes_size_ = wire::scsi::is_kept_by_state(sense);
    last_sense_ = owes_size_ ? sense : last_sense_;
    if (!capacity && !owes_size_) {
        not_before_ = now + pause;
        return false;
    }
    seen_.block_bytes = capacity ? capacity->block_bytes : expected_.block_bytes;
    seen_.block_count = capacity ? capacity->block_count : expected_.block_count;
    step_ = Step::answered;
    return true;
}

std::string LunQuestion::trouble() const {
    return last_sense_ == 0 ? "" : wire::sense_text(last_sense_);
}

TimePoint LunQuestion::next_timer() const noexcept {
    if (!is_open()) {
        return TimePoint::max();
    }
    return asked_ ? until_ : std::min(not_before_, until_);
}

} // namespace drivers::iscsi
