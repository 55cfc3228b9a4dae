// SPDX-License-Identifier: Apache-2.0
// The session behind the driver: opened, lost, reinstated, given up.
#include "drivers/api/errors.h"
#include "drivers/iscsi/iscsi_driver.h"
#include "drivers/iscsi/scsi_commands.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace drivers::iscsi {

namespace {

constexpr int redirects_max = 4;
constexpr Duration goodbye = std::chrono::milliseconds(200);

// The address that was really connected to, so that a reconnect need not wait for a name server.
std::string peer_of(int fd, const std::string& otherwise) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) { // NOLINT
        return otherwise;
    }
    if (address.ss_family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &address, sizeof four);
        inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), ntohs(four.sin_port));
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &address, sizeof six);
        if (six.sin6_scope_id == 0) {
            inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
            return fmt::format("[{}]:{}", text.data(), ntohs(six.sin6_port));
        }
    }
    return otherwise;
}

} // namespace

IscsiDriver::IscsiDriver(const IscsiSettings& settings, Clock& clock)
    : settings_(settings)
    , clock_(clock)
    , slots_(settings.depth) {
    for (Slot& slot : slots_.all()) {
        slot.driver = this;
        slot.command.owner = &slot;
        slot.command.on_answer = &IscsiDriver::answered;
        slot.command.on_abort = &IscsiDriver::abort_answered;
    }
    session_ = open_session(settings_.session, clock_, settings_.login_timeout);
    settings_.session = session_->settings();
    settings_.session.portal = peer_of(session_->fd(), settings_.session.portal);
    facts_ = ask_facts(*session_, control_, clock_, settings_.command_timeout);
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

std::unique_ptr<Session>
open_session(SessionSettings settings, const Clock& clock, Duration at_most) {
    const SessionWait wait(clock, at_most);
    for (int redirects = 0; redirects <= redirects_max; ++redirects) {
        auto session = std::make_unique<Session>(settings);
        while (session->state() != SessionState::up && session->state() != SessionState::down) {
            if (wait.over()) {
                throw ArrayError(fmt::format(
                    "iSCSI portal {}: no login within {} ms",
                    settings.portal,
                    std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count()));
            }
            wait.step(*session);
        }
        if (session->state() == SessionState::up) {
            return session;
        }
        if (session->redirected_to().empty()) {
            throw ArrayError(fmt::format("iSCSI portal {}: {}", settings.portal, session->error()));
        }
        settings.portal = session->redirected_to();
    }
    throw ArrayError(fmt::format("iSCSI portal {}: redirected in circles", settings.portal));
}

void IscsiDriver::lose_session(TimePoint now, std::string why) noexcept {
    trouble_ = std::move(why);
    ++counts_.sessions_lost;
    session_.reset(); // Closes the socket: from here on no buffer is touched.
    control_.drop();
    asking_ = Asking::nothing;
    for (Slot& slot : slots_.all()) {
        if (slot.state == SlotState::sent) {
            slots_.unlink(slot);
            finish(slot, Status::lost, false);
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
    unflushed_ = 0;
    session_broken_ = false;
    next_abort_deadline_ = TimePoint::max();
    next_access_ = TimePoint::max();
    watched_fd_ = -1;
    phase_ = Phase::reconnecting;
    next_attempt_ = now;
    give_up_at_ = now + settings_.reconnect_timeout;
}

void IscsiDriver::reconnect(TimePoint now) noexcept {
    if (session_ == nullptr) {
        if (now >= give_up_at_) {
            give_up(fmt::format("not reinstated in time; {}", trouble_));
            return;
        }
        if (now < next_attempt_) {
            return;
        }
        next_attempt_ = now + settings_.reconnect_pause;
        try {
            session_ = std::make_unique<Session>(settings_.session); // Same ISID: reinstates.
        } catch (const std::exception& error) {
            trouble_ = error.what();
            return;
        }
        attempt_ends_ = now + settings_.login_timeout;
    }
    session_->service();
    if (session_->state() == SessionState::up) {
        take_who(now);
        if (phase_ == Phase::up || session_ == nullptr) {
            return;
        }
    }
    if (session_->state() == SessionState::down || now >= attempt_ends_) {
        trouble_ = session_->state() == SessionState::down ? session_->error() : "no login in time";
        session_.reset();
        control_.drop();
        asking_ = Asking::nothing;
        watched_fd_ = -1;
        return;
    }
    watch_socket();
}

// Writes go on only if what answers behind the portal is still the LUN they were meant for.
void IscsiDriver::take_who(TimePoint now) noexcept {
    const bool asked = asking_ == Asking::who;
    if (asked && !control_.idle()) {
        return;
    }
    if (!asked || control_.unit_attention()) {
        ask_who();
        return;
    }
    asking_ = Asking::nothing;
    const bool same =
        identity_.unique_id.empty()
            ? wire::scsi::parse_serial(control_.bytes()) == identity_.serial
            : wire::scsi::parse_device_ids(control_.bytes()).unique_id == identity_.unique_id;
    if (control_.good() && same) {
        phase_ = Phase::up;
        ++fences_;
        ++counts_.sessions_reinstated;
        access_stale_ = !facts_.groups.empty();
        watch_socket();
        watch_access(now);
        return;
    }
    if (control_.good()) {
        session_.reset();
        watched_fd_ = -1;
        give_up("another LUN answers in this one's place");
        return;
    }
    ask_who(); // Not ready yet: ask again until the attempt ends.
}

void IscsiDriver::ask_who() noexcept {
    asking_ = Asking::who;
    const std::uint8_t page = identity_.unique_id.empty() ? 0x80 : 0x83;
    control_.begin(*session_, vital_page_cdb(page, control_bytes));
    session_->flush();
}

void IscsiDriver::watch_access(TimePoint now) noexcept {
    if (asking_ == Asking::access && control_.idle()) {
        asking_ = Asking::nothing;
        access_stale_ = control_.unit_attention(); // Then once more.
        if (control_.good()) {
            facts_.groups = wire::scsi::parse_port_groups(control_.bytes());
            access_ = access_of(facts_);
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
    const bool usable = access_ == Access::optimized || access_ == Access::non_optimized;
    const Duration soon = std::chrono::milliseconds(200);
    next_access_ = !usable                                   ? now + soon
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

void IscsiDriver::give_up(std::string why) noexcept {
    trouble_ = std::move(why);
    phase_ = Phase::dead;
}

Access IscsiDriver::access() const noexcept {
    return phase_ == Phase::up ? access_ : Access::down;
}

LunReport IscsiDriver::report() const {
    return report_of(facts_, *session_, settings_.session.portal);
}

} // namespace drivers::iscsi
