// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/array/due_timer.h"
#include "drivers/array/iscsi_login.h"
#include "drivers/array/iscsi_receiver.h"
#include "drivers/array/iscsi_sender.h"
#include "drivers/array/iscsi_session.h"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace drivers::array {

// One TCP connection from its accept to its end: reads what is there, lets login or session answer,
// and writes all answers of one wake-up together.
class IscsiConnection {
public:
    struct Home {
        IscsiNode& node;
        const PortalSettings& settings;
        Clock& clock;
        std::function<void(IscsiConnection*)> forget; // May destroy the connection.
    };
    IscsiConnection(boost::asio::ip::tcp::socket socket, Home home);

    void start();
    void close() noexcept;
    void stall_until(TimePoint until);
    void tick(TimePoint now); // Every few seconds: gives up on logins and peers that went silent.
    void announce_end();      // Tries to tell the initiator that this end closes.

private:
    static constexpr std::size_t pdus_per_turn = 512;
    static constexpr std::size_t pdus_per_flush = 16;

    void wait_for_read();
    void wait_for_write();
    void set_timer();
    void serve();
    bool serve_one(IscsiReceiver::Step step); // False: closed.
    bool flush();                             // False: closed or blocked.
    void close_after_flush();
    bool take_login(const ReceivedPdu& pdu);
    LoginStatus admit(LoginAnswer& answer, const wire::iscsi::BasicHeader& request);
    void send_login_answer(LoginAnswer& answer, const wire::iscsi::BasicHeader& request);
    void begin_session(const SessionParameters& parameters, NexusId nexus);
    bool end_operation() noexcept; // One asynchronous wait has returned; false: closed meanwhile.

    boost::asio::ip::tcp::socket socket_;
    Home home_;
    DueTimer timer_; // For what is ready later.
    IscsiReceiver receiver_;
    IscsiSender sender_;
    std::optional<Login> login_;
    std::unique_ptr<IscsiSession> session_;
    std::uint32_t stat_sn_ = 1;
    std::uint32_t cmd_sn_ = 0;
    unsigned operations_ = 0; // Asynchronous waits that have not returned.
    bool is_closed_ = false;
    bool is_reading_ = false;
    bool is_writing_ = false;
    bool is_paused_ = false; // Nothing is read until answers are gone.
    TimePoint timer_due_ = TimePoint::max();
    TimePoint stalled_until_{};
    TimePoint heard_{};
};

} // namespace drivers::array
