// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/session.h"

#include "drivers/api/errors.h"
#include "drivers/iscsi/socket_name.h"
#include "drivers/wire/scsi_sense.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <string_view>

extern "C" {
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
}

namespace drivers::iscsi {

struct Command::Wire {
    scsi_task task{};
    scsi_iovec piece{};
};

Command::Command()
    : wire_(std::make_unique<Wire>()) {}

Command::~Command() = default;

namespace {

// libiscsi sends data with writev(), which raises SIGPIPE on a connection that the array closed.
void ignore_broken_pipes() {
    struct sigaction now {};
    if (sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) {
        now.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &now, nullptr);
    }
}

constexpr unsigned login_moved_permanently = 0x0102; // RFC 7143 11.13.5: class, detail.
constexpr unsigned login_service_unavailable = 0x0301;
constexpr unsigned login_out_of_resources = 0x0302;

// libiscsi tells the status of a login response only at the end of its error: "... Removed(263)".
unsigned status_in(std::string_view error) noexcept {
    const auto open = error.rfind('(');
    unsigned out = 0;
    if (open != std::string_view::npos) {
        std::from_chars(error.data() + open + 1, error.data() + error.size(), out);
    }
    return out;
}

std::uint32_t sense_of(const scsi_task& task) noexcept {
    // RFC 7143 11.4.7: two bytes of length, then the sense data. libiscsi's own reading of it is
    // not used: it does not look at the length.
    if (task.datain.data == nullptr || task.datain.size < 2) {
        return 0;
    }
    const wire::Bytes all =
        std::as_bytes(std::span(task.datain.data, static_cast<std::size_t>(task.datain.size)));
    const std::size_t length = std::min<std::size_t>(wire::load_be16(all, 0), all.size() - 2);
    const auto sense = wire::scsi::parse_sense(all.subspan(2, length));
    return sense ? static_cast<std::uint32_t>(sense->key) << 16U | sense->code : 0;
}

} // namespace

// What libiscsi calls; private_data is the Session, or the Command.
struct Session::Callbacks {
    static void connected(iscsi_context* /*context*/, int status, void* /*data*/, void* self) {
        auto& session = *static_cast<Session*>(self);
        if (session.closing_ || session.state_ == SessionState::down) {
            return;
        }
        if (status != SCSI_STATUS_GOOD) {
            session.fail("no connection");
        } else if (session.state_ == SessionState::connecting) {
            session.peer_ = peer_of(session.fd());
            session.log_in();
        }
    }

    static void logged_in(iscsi_context* context, int status, void* /*data*/, void* self) {
        auto& session = *static_cast<Session*>(self);
        if (session.closing_ || session.state_ != SessionState::logging_in) {
            return;
        }
        if (status == SCSI_STATUS_GOOD) {
            session.learn_limits();
            if (session.settings_.header_digest && session.negotiated("HeaderDigest") != "CRC32C") {
                session.refuse_security("the array does not agree to header digests");
                return;
            }
            // libiscsi offers to go on without, and can be led past it; whoever named a secret
            // wants neither.
            if (!session.settings_.chap.user.empty() &&
                (session.negotiated("AuthMethod") != "CHAP" ||
                 !session.watch_.went_through_chap())) {
                session.refuse_security(
                    "the array asks for no CHAP, though a user and a secret are named");
                return;
            }
            session.state_ = SessionState::up;
            return;
        }
        if (status == SCSI_STATUS_ERROR && !session.settings_.mutual_chap.user.empty() &&
            session.watch_.was_response_taken()) {
            session.refuse_security("the array does not prove itself by CHAP, as it was asked to");
            return;
        }
        const unsigned answer = status_in(iscsi_get_error(context));
        const bool moved_for_good = answer == login_moved_permanently;
        const std::string to = iscsi_get_target_address(context);
        if ((status == SCSI_STATUS_REDIRECT || moved_for_good) && !to.empty()) {
            session.redirect_ = {to.substr(0, to.rfind(',')), moved_for_good};
        }
        session.is_refused_for_now_ =
            answer == login_service_unavailable || answer == login_out_of_resources;
        session.fail("login refused");
    }

    static void answered(iscsi_context* /*context*/, int status, void* data, void* self) {
        auto& command = *static_cast<Command*>(self);
        Session& session = *command.session_;
        scsi_task& task = command.wire_->task;
        (void)data; // The same task, or nothing if the array rejected the PDU.
        command.sense = status == SCSI_STATUS_CHECK_CONDITION ? sense_of(task) : 0;
        std::free(task.datain.data); // NOLINT: libiscsi hands it over, from malloc.
        task.datain = {};
        if (session.closing_ || session.forgetting_) {
            return;
        }
        if (status < 0 || status > 0xff) { // Cancelled, rejected, or against the protocol.
            session.fail("the session broke");
            return;
        }
        command.scsi_status = static_cast<std::uint8_t>(status);
        command.residual = status != SCSI_STATUS_GOOD                        ? Residual::none
                           : task.residual_status == SCSI_RESIDUAL_UNDERFLOW ? Residual::underflow
                           : task.residual_status == SCSI_RESIDUAL_OVERFLOW  ? Residual::overflow
                                                                             : Residual::none;
        command.missing_bytes = task.residual_status == SCSI_RESIDUAL_UNDERFLOW
                                    ? std::min<std::size_t>(task.residual, command.data.size())
                                    : 0;
        // An answer before all data was sent leaves Data-Out PDUs queued that point into `data`.
        command.data_still_queued = command.direction == Direction::out &&
                                    command.data.size() > session.immediate_bytes_ &&
                                    session.wants_to_write();
        command.on_answer(command);
    }

    static void aborted(iscsi_context* /*context*/, int status, void* data, void* self) {
        auto& command = *static_cast<Command*>(self);
        const Session& session = *command.session_;
        if (session.closing_ || session.state_ == SessionState::down) {
            return;
        }
        const bool answered = status == SCSI_STATUS_GOOD && data != nullptr;
        const bool done = answered && *static_cast<std::uint32_t*>(data) == ISCSI_TMR_FUNC_COMPLETE;
        command.on_abort(command, done);
    }

    static void logged_out(iscsi_context* /*context*/, int /*status*/, void* /*data*/, void* self) {
        static_cast<Session*>(self)->logged_out_ = true;
    }
};

Session::Session(SessionSettings settings)
    : settings_(std::move(settings))
    , guard_(settings_.service_at_most)
    , watch_({.header_digest = settings_.header_digest}) {
    aim(settings_.flat_addressing ? flat_field_of(settings_.lun) : field_of(settings_.lun));
    ignore_broken_pipes();
    context_ = iscsi_create_context(settings_.initiator_name.c_str());
    if (context_ == nullptr) {
        throw HostError("no memory for an iSCSI session");
    }
    iscsi_set_log_fn(context_, &read_news);
    iscsi_set_log_level(context_, news_level_of_login);
    iscsi_set_noautoreconnect(context_, 1); // It would reconnect for ever, behind our back.
    iscsi_set_isid_random(context_,
                          static_cast<std::uint32_t>(settings_.initiator_session_id >> 16U),
                          static_cast<std::uint32_t>(settings_.initiator_session_id & 0xffffU));
    iscsi_set_header_digest(
        context_, settings_.header_digest ? ISCSI_HEADER_DIGEST_CRC32C : ISCSI_HEADER_DIGEST_NONE);
    iscsi_set_session_type(context_, ISCSI_SESSION_NORMAL);
    iscsi_set_targetname(context_, settings_.target.c_str());
    if (!settings_.chap.user.empty()) {
        iscsi_set_initiator_username_pwd(
            context_, settings_.chap.user.c_str(), settings_.chap.secret.c_str());
    }
    if (!settings_.mutual_chap.user.empty()) {
        iscsi_set_target_username_pwd(
            context_, settings_.mutual_chap.user.c_str(), settings_.mutual_chap.secret.c_str());
    }
    if (iscsi_connect_async(context_, settings_.portal.c_str(), &Callbacks::connected, this) != 0) {
        const std::string why = iscsi_get_error(context_);
        closing_ = true;
        iscsi_destroy_context(context_);
        throw ArrayError(fmt::format("iSCSI portal {}: {}", settings_.portal, why));
    }
    guard_.watch(fd());
}

Session::~Session() {
    closing_ = true;
    iscsi_destroy_context(context_); // Closes the socket, then drops what was queued and awaited.
}

void Session::log_in() noexcept {
    state_ = SessionState::logging_in;
    if (iscsi_login_async(context_, &Callbacks::logged_in, this) != 0) {
        fail("cannot log in");
    }
}

void Session::fail(std::string why) noexcept {
    if (state_ == SessionState::down) {
        return;
    }
    state_ = SessionState::down;
    if (!protocol_fault().empty()) {
        error_ = "the array broke the protocol: " + protocol_fault();
        return;
    }
    if (guard_.has_cut()) {
        error_ = "the array never stopped sending";
        return;
    }
    const std::string_view said = iscsi_get_error(context_);
    error_ = said.empty() ? std::move(why) : fmt::format("{}: {}", why, said);
}

void Session::refuse_security(std::string why) noexcept {
    is_less_secure_ = state_ != SessionState::down && protocol_fault().empty();
    fail(std::move(why));
}

std::string_view Session::negotiated(std::string_view key) const noexcept {
    for (const auto& [name, value] : news_.keys) {
        if (name == key) {
            return value;
        }
    }
    return {};
}

void Session::learn_limits() noexcept {
    const auto number = [&](std::string_view key, std::size_t otherwise) {
        const std::string_view text = negotiated(key);
        std::size_t out = otherwise;
        std::from_chars(text.data(), text.data() + text.size(), out);
        return out;
    };
    // RFC 7143 13: the defaults where a key was not answered.
    const bool immediate = negotiated("ImmediateData") != "No";
    immediate_bytes_ = immediate ? std::min(number("FirstBurstLength", 65536),
                                            number("MaxRecvDataSegmentLength", 8192))
                                 : 0;
    iscsi_set_log_level(context_, news_level);
}

int Session::fd() const noexcept {
    return iscsi_get_fd(context_);
}

bool Session::wants_to_write() const noexcept {
    return (iscsi_which_events(context_) & POLLOUT) != 0;
}

bool Session::all_sent() const noexcept {
    return !wants_to_write() && iscsi_out_queue_length(context_) == 0;
}

bool Session::send(Command& command) noexcept {
    if (state_ != SessionState::up) {
        return false;
    }
    Command::Wire& wire = *command.wire_;
    wire.task = {};
    wire.task.cdb_size = command.cdb_bytes;
    std::memcpy(wire.task.cdb, command.cdb.data(), command.cdb.size());
    wire.task.xfer_dir = command.direction == Direction::none ? SCSI_XFER_NONE
                         : command.direction == Direction::in ? SCSI_XFER_READ
                                                              : SCSI_XFER_WRITE;
    wire.task.expxferlen = static_cast<int>(command.data.size());
    wire.piece = {command.data.data(), command.data.size()};
    if (command.direction == Direction::in) {
        scsi_task_set_iov_in(&wire.task, &wire.piece, 1);
    } else if (command.direction == Direction::out) {
        scsi_task_set_iov_out(&wire.task, &wire.piece, 1);
    }
    ++queued_;
    queued_data_ = queued_data_ || command.direction == Direction::out;
    command.session_ = this;
    command.scsi_status = 0;
    command.sense = 0;
    command.residual = Residual::none;
    command.missing_bytes = 0;
    command.data_still_queued = false;
    return iscsi_scsi_command_async(
               context_, lun_field_, &wire.task, &Callbacks::answered, nullptr, &command) == 0;
}

bool Session::abort(Command& command) noexcept {
    return state_ == SessionState::up &&
           iscsi_task_mgmt_abort_task_async(
               context_, &command.wire_->task, &Callbacks::aborted, &command) == 0;
}

void Session::forget(Command& command) noexcept {
    forgetting_ = true;
    iscsi_scsi_cancel_task(context_, &command.wire_->task);
    forgetting_ = false;
}

void Session::flush() noexcept {
    if (state_ != SessionState::up || !wants_to_write()) {
        return;
    }
    // libiscsi sends each PDU by itself, and its data apart from its header. Held back by a cork
    // they leave together: one pass through TCP instead of one for each.
    const bool several = queued_ != 1 || queued_data_;
    cork(several);
    drive(POLLOUT);
    if (state_ == SessionState::up) {
        cork(false);
    }
    queued_ = 0;
    queued_data_ = false;
}

void Session::cork(bool closed) noexcept {
    if (closed == corked_) {
        return;
    }
    const int value = closed ? 1 : 0;
    setsockopt(fd(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
    corked_ = closed;
}

void Session::read() noexcept {
    drive(POLLIN); // No need to ask poll() first: a read without data says so itself.
}

void Session::service() noexcept {
    if (state_ == SessionState::up) {
        read();
        flush();
        return;
    }
    if (state_ == SessionState::down) {
        return;
    }
    pollfd ready{fd(), static_cast<short>(iscsi_which_events(context_)), 0};
    if (::poll(&ready, 1, 0) > 0) {
        drive(ready.revents);
    }
}

bool Session::call_service(int events) noexcept {
    const ReceiveGuard::Call call(guard_);
    const NewsScope listening(news_);
    const Watched watched(&watch_);
    return iscsi_service(context_, events) == 0;
}

void Session::drive(int events) noexcept {
    if (!call_service(events)) {
        fail("the connection ended");
    } else if (news_.has_given_up) {
        fail(news_.is_leaving ? "the array asked to be left" : "the connection ended");
    }
}

void Session::logout(Duration at_most) noexcept {
    if (state_ != SessionState::up ||
        iscsi_logout_async(context_, &Callbacks::logged_out, this) != 0) {
        return;
    }
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(at_most);
    for (int left = static_cast<int>(milliseconds.count()); left > 0 && !logged_out_; left -= 10) {
        pollfd ready{fd(), static_cast<short>(iscsi_which_events(context_)), 0};
        if (::poll(&ready, 1, 10) > 0 && !call_service(ready.revents)) {
            return;
        }
    }
}

} // namespace drivers::iscsi
