// SPDX-License-Identifier: Apache-2.0
// The session behind the driver: opened, lost, reinstated, given up.
#include "drivers/api/errors.h"
#include "drivers/iscsi/iscsi_driver.h"
#include "drivers/iscsi/scsi_commands.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace drivers::iscsi {

namespace {

constexpr Duration goodbye = std::chrono::milliseconds(200);

bool is_usable(Access access) noexcept {
    return access == Access::optimized || access == Access::non_optimized;
}

} // namespace

IscsiDriver::IscsiDriver(const IscsiSettings& settings, Clock& clock)
    : settings_(settings)
    , clock_(clock)
    , slots_(settings.depth)
    , destination_(settings.session.portal) {
    pending_.reserve(settings.depth);
    for (Slot& slot : slots_.all()) {
        slot.driver = this;
        slot.command.owner = &slot;
        slot.command.on_answer = &IscsiDriver::answered;
        slot.command.on_abort = &IscsiDriver::abort_answered;
    }
    session_ = open_session(settings_.session, destination_, clock_, settings_.login_timeout);
    try {
        facts_ = find_lun();
    } catch (const ArrayError& error) {
        if (session_->protocol_fault().empty()) {
            throw;
        }
        throw ProtocolError(error.what());
    }
    geometry_ = facts_.geometry();
    identity_ = facts_.identity();
    access_ = access_of(facts_);
    zero_block_.resize(geometry_.block_bytes);
    wait_fd_ = epoll_create1(EPOLL_CLOEXEC);
    if (wait_fd_ < 0) {
        throw HostError(fmt::format("epoll: {}", std::strerror(errno)));
    }
    watch_socket();
    if (settings_.access_interval > Duration{0} && !facts_.groups.empty()) {
        next_access_ = clock_.now() + settings_.access_interval;
    }
}

IscsiDriver::~IscsiDriver() {
    if (session_ != nullptr && slots_.sent() == 0) {
        session_->logout(goodbye);
    }
    session_.reset();
    if (wait_fd_ >= 0) {
        close(wait_fd_);
    }
}

// A LUN below 256 by peripheral addressing; where there is none, by flat space addressing.
LunFacts IscsiDriver::find_lun() {
    const AskLimits limits{settings_.command_timeout, settings_.ready_timeout};
    LunFacts facts;
    try {
        facts = ask_facts(*session_, control_, clock_, limits);
    } catch (const NoSuchLun&) {
        if (settings_.session.lun > 255) {
            throw;
        }
        settings_.session.flat_addressing = true;
        session_->aim(flat_field_of(settings_.session.lun));
        facts = ask_facts(*session_, control_, clock_, limits);
    }
    check_block_size(facts);
    return facts;
}

std::unique_ptr<Session> open_session(SessionSettings settings,
                                      Destination& destination,
                                      const Clock& clock,
                                      Duration at_most) {
    const SessionWait wait(clock, at_most);
    const std::string given = destination.now();
    bool is_away = false;
    std::string refusal;
    const auto place = [&] {
        return is_away ? fmt::format("{} (redirected from {})", destination.now(), given) : given;
    };
    while (true) {
        settings.portal = destination.now();
        auto session = std::make_unique<Session>(settings);
        while (session->state() != SessionState::up && session->state() != SessionState::down) {
            if (wait.over()) {
                throw ArrayError(fmt::format(
                    "iSCSI portal {}: no login within {} ms{}",
                    place(),
                    std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count(),
                    refusal));
            }
            wait.step(*session);
        }
        if (!session->peer().empty() && destination.now() == settings.portal) {
            destination.found_at(session->peer());
        }
        if (session->state() == SessionState::up) {
            destination.stands();
            return session;
        }
        if (session->redirect()) {
            if (!destination.follow(*session->redirect())) {
                throw ArrayError(fmt::format("iSCSI portal {}: redirected in circles", given));
            }
            is_away = true;
            continue;
        }
        if (!session->protocol_fault().empty()) {
            throw ProtocolError(fmt::format("iSCSI portal {}: {}", place(), session->error()));
        }
        if (session->is_less_secure()) {
            throw SecurityError(fmt::format("iSCSI portal {}: {}", place(), session->error()));
        }
        if (!session->is_refused_for_now() || wait.over()) {
            throw ArrayError(fmt::format("iSCSI portal {}: {}", place(), session->error()));
        }
        refusal = "; " + session->error();
        wait.pause(*session, std::chrono::milliseconds(100));
    }
}

void IscsiDriver::lose_session(TimePoint now, std::string why) noexcept {
    trouble_ = std::move(why);
    ++counts_.sessions_lost;
    next_attempt_ = now + session_->news().time_to_wait;
    lose_in_flight(now);
    control_.drop();
    question_.drop();
    in_doubt_ = false; // It is asked on the next connection, whatever was said on this one.
    events_seen_ = 0;
    asking_ = Asking::nothing;
    unflushed_ = 0;
    session_broken_ = false;
    next_abort_deadline_ = TimePoint::max();
    next_access_ = TimePoint::max();
    watched_fd_ = -1;
    phase_ = Phase::reconnecting;
    destination_.lost();
    give_up_at_ = now + settings_.reconnect_timeout;
}

void IscsiDriver::reconnect(TimePoint now) noexcept {
    if (session_ == nullptr) {
        if (now >= give_up_at_) {
            end(DriverEnd::lost, fmt::format("not reinstated in time; {}", trouble_));
            return;
        }
        if (now < next_attempt_) {
            return;
        }
        next_attempt_ = now + settings_.reconnect_pause;
        settings_.session.portal = destination_.now();
        try {
            session_ = std::make_unique<Session>(settings_.session); // Same ISID: reinstates.
        } catch (const std::exception& error) {
            trouble_ = error.what();
            destination_.failed();
            return;
        }
        attempt_ends_ = now + settings_.login_timeout;
    }
    session_->service();
    if (session_->state() == SessionState::up) {
        meet(now);
        if (phase_ != Phase::reconnecting) {
            return;
        }
    }
    if (!session_->protocol_fault().empty()) {
        end(DriverEnd::broke_protocol, session_->error());
        return;
    }
    if (session_->is_less_secure()) {
        end(DriverEnd::less_secure, "after a reconnect " + session_->error());
        return;
    }
    if (session_->state() == SessionState::down || now >= attempt_ends_) {
        leave_attempt(now);
        return;
    }
    watch_socket();
}

void IscsiDriver::leave_attempt(TimePoint now) noexcept {
    const bool is_down = session_->state() == SessionState::down;
    trouble_ = is_down               ? session_->error()
               : question_.is_open() ? "no LUN to go on with; " + question_.trouble()
                                     : "no login in time";
    trouble_ = fmt::format("{}: {}", destination_.now(), trouble_);
    if (is_down && session_->redirect() && destination_.follow(*session_->redirect())) {
        next_attempt_ = now;
    } else {
        destination_.failed();
    }
    session_.reset();
    control_.drop();
    question_.drop();
    watched_fd_ = -1;
}

// The session stands: things go on only if what answers behind the portal is still the LUN that
// they were meant for.
void IscsiDriver::meet(TimePoint now) noexcept {
    if (!question_.is_open()) {
        destination_.stands();
        attempt_ends_ = now + std::max(settings_.login_timeout, settings_.ready_timeout);
        begin_question(now);
    }
    question_.advance(*session_, now);
    if (!question_.is_answered() || !is_same(now)) {
        return;
    }
    phase_ = Phase::up;
    ++fences_;
    ++counts_.sessions_reinstated;
    access_stale_ = !facts_.groups.empty();
    watch_socket();
    watch_access(now);
    send_held(now);
}

void IscsiDriver::watch_access(TimePoint now) noexcept {
    if (asking_ == Asking::access && control_.idle()) {
        asking_ = Asking::nothing;
        access_stale_ = control_.unit_attention(); // Then once more.
        doubt(control_.sense());
        if (control_.good()) {
            facts_.groups = wire::scsi::parse_port_groups(control_.bytes());
            access_ = access_of(facts_);
            in_doubt_ = in_doubt_ || (owes_size_ && is_usable(access_));
        }
    }
    if (asking_ == Asking::access && now >= asked_by_) {
        session_broken_ = true;
        return;
    }
    if (asking_ != Asking::nothing || facts_.inquiry.port_group_support == 0 ||
        (!access_stale_ && now < next_access_)) {
        return;
    }
    access_stale_ = false;
    control_.begin(*session_, report_port_groups_cdb(control_bytes));
    session_->flush();
    asking_ = Asking::access;
    asked_by_ = now + settings_.command_timeout;
    // A state that keeps the LUN from being used will change: look again soon.
    const Duration soon = std::chrono::milliseconds(200);
    next_access_ = !is_usable(access_)                       ? now + soon
                   : settings_.access_interval > Duration{0} ? now + settings_.access_interval
                                                             : TimePoint::max();
}

void IscsiDriver::watch_socket() noexcept {
    const int fd = session_->fd();
    const bool writable = session_->wants_to_write();
    if (fd < 0 || (fd == watched_fd_ && writable == watching_writable_)) {
        return;
    }
    epoll_event event{};
    event.events = EPOLLIN | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    const int what = fd == watched_fd_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(wait_fd_, what, fd, &event) != 0 && errno == EEXIST) {
        epoll_ctl(wait_fd_, EPOLL_CTL_MOD, fd, &event);
    }
    watched_fd_ = fd;
    watching_writable_ = writable;
}

// It is over: whatever is under way is lost, and so is what was answered while there was doubt.
// It is given a copy of why: the session that said so goes here.
void IscsiDriver::end(DriverEnd how, std::string why) noexcept {
    const bool is_believed = how == DriverEnd::lost; // What it said before it went.
    if (session_ != nullptr) {
        for (Slot& slot : slots_.all()) {
            if (!is_believed && withholds_ && slot.state == SlotState::ready &&
                slot.end.status == Status::good) {
                slot.end.status = Status::lost;
                slot.end.fenced = !slot.changes_data();
            }
        }
        lose_in_flight(clock_.now());
    }
    lose_held();
    question_.drop();
    control_.drop();
    unflushed_ = 0;
    watched_fd_ = -1;
    phase_ = Phase::dead;
    in_doubt_ = false;
    withholds_ = false;
    ended_ = how;
    end_reason_ = fmt::format("iSCSI portal {}: {}", destination_.now(), why);
    trouble_ = std::move(why);
}

Access IscsiDriver::access() const noexcept {
    return phase_ == Phase::up ? access_ : Access::down;
}

LunReport IscsiDriver::report() const {
    return report_of(facts_, *session_, destination_.now());
}

} // namespace drivers::iscsi
