// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/iscsi/command.h"
#include "drivers/iscsi/destination.h"
#include "drivers/iscsi/pdu_watch.h"
#include "drivers/iscsi/receive_guard.h"
#include "drivers/iscsi/session_news.h"

#include <optional>
#include <string>
#include <string_view>

struct iscsi_context;

namespace drivers::iscsi {

struct ChapAccount {
    std::string user; // Empty: no authentication in this direction.
    std::string secret;
};

struct SessionSettings {
    std::string portal; // host:port
    std::string target;
    std::string initiator_name;
    ChapAccount chap;        // We prove ourselves.
    ChapAccount mutual_chap; // The array proves itself; wants `chap`.
    bool header_digest = false;
    std::uint16_t lun = 0;
    bool flat_addressing = false; // Also below 256: some targets know no other.
    // 40 bits. The same again reinstates the session: the array ends the old one and its tasks
    // first (RFC 7143 6.3.5).
    std::uint64_t initiator_session_id = 0;
    Duration service_at_most = std::chrono::seconds(5); // Then an endless sender is cut off.
};

// SAM-5 4.7.7, first level: peripheral device addressing up to 255, flat space addressing above.
constexpr std::uint16_t flat_field_of(std::uint16_t lun) noexcept {
    return static_cast<std::uint16_t>(lun | 0x4000U);
}
constexpr std::uint16_t field_of(std::uint16_t lun) noexcept {
    return lun < 256 ? lun : flat_field_of(lun);
}

enum class SessionState : std::uint8_t { connecting, logging_in, up, down };

// One iSCSI session with one connection through libiscsi, which appears nowhere else. Nothing here
// waits, retries or throws once it is built; a session that went down stays down. Destroying it
// closes the socket, after which no buffer of its commands is touched any more.
class Session {
public:
    // Begins to connect. Throws HostError if this host has no memory or socket, ArrayError if the
    // portal's name cannot be resolved.
    explicit Session(SessionSettings settings);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const SessionSettings& settings() const noexcept { return settings_; }
    SessionState state() const noexcept { return state_; }
    const std::string& error() const noexcept { return error_; }        // Why it is down.
    const TextPairs& negotiated() const noexcept { return news_.keys; } // Keys the array answered.
    std::string_view negotiated(std::string_view key) const noexcept;   // Empty: not answered.
    const std::optional<Redirect>& redirect() const noexcept { return redirect_; }
    bool is_refused_for_now() const noexcept { return is_refused_for_now_; } // Too busy to log in.
    const std::string& peer() const noexcept { return peer_; } // Numeric; empty: not connected yet.
    const SessionNews& news() const noexcept { return news_; }
    // It does not prove itself, or grants no digest, as was asked. Then the session is down.
    bool is_less_secure() const noexcept { return is_less_secure_; }
    // What it did that no target may do; empty: nothing. Then the session is down.
    const std::string& protocol_fault() const noexcept { return watch_.fault(); }

    // Commands from here on go to this LUN: the first two bytes of a LUN field.
    void aim(std::uint16_t lun_field) noexcept { lun_field_ = lun_field; }

    int fd() const noexcept;
    bool wants_to_write() const noexcept; // Something is queued that the socket did not take yet.

    [[nodiscard]] bool send(Command& command) noexcept;  // Queued only; service() sends.
    [[nodiscard]] bool abort(Command& command) noexcept; // ABORT TASK; the end comes to on_abort.
    void forget(Command& command) noexcept; // After an acknowledged abort: no answer will come.
    bool all_sent() const noexcept;

    void read() noexcept;    // Reads what has come and sends nothing; the session is up.
    void flush() noexcept;   // Sends what the socket takes.
    void service() noexcept; // Reads what has come, then sends; never waits.

    // Says goodbye; waits at most this long.
    void logout(Duration at_most) noexcept;

private:
    struct Callbacks;

    void log_in() noexcept;
    void fail(std::string why) noexcept;
    void refuse_security(std::string why) noexcept;
    void drive(int events) noexcept;
    bool call_service(int events) noexcept;
    void cork(bool closed) noexcept;
    void learn_limits() noexcept;

    SessionSettings settings_;
    ReceiveGuard guard_;
    PduWatch watch_;
    iscsi_context* context_ = nullptr;
    SessionState state_ = SessionState::connecting;
    std::string error_;
    std::string peer_;
    std::optional<Redirect> redirect_;
    bool is_refused_for_now_ = false;
    bool is_less_secure_ = false;
    SessionNews news_;
    std::uint16_t lun_field_ = 0;
    std::size_t immediate_bytes_ = 0; // A write up to this is sent within its command.
    std::size_t queued_ = 0;          // Commands since the last flush.
    bool queued_data_ = false;
    bool corked_ = false;
    bool logged_out_ = false;
    bool forgetting_ = false;
    bool closing_ = false;
};

// A bounded wait for a session to come further.
class SessionWait {
public:
    SessionWait(const Clock& clock, Duration at_most)
        : clock_(clock)
        , deadline_(clock.now() + at_most) {}

    bool over() const noexcept { return clock_.now() >= deadline_; }
    // Waits for the socket once, at most this long, then serves it.
    void step(Session& session, Duration at_most = std::chrono::seconds(1)) const noexcept;
    void pause(Session& session, Duration length) const noexcept; // Serves it all along.

private:
    const Clock& clock_;
    TimePoint deadline_;
};

} // namespace drivers::iscsi
