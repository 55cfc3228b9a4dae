// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_connection.h"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace drivers::array {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr auto login_time_max = std::chrono::seconds(15);
constexpr auto silence_before_ping = std::chrono::seconds(30);
constexpr auto silence_max = std::chrono::seconds(75);
} // namespace

IscsiConnection::IscsiConnection(asio::ip::tcp::socket socket, Home home)
    : socket_(std::move(socket))
    , home_(std::move(home))
    , timer_(socket_.get_executor(), home_.clock)
    , login_(std::in_place, home_.settings)
    , heard_(home_.clock.now()) {}

void IscsiConnection::start() {
    wait_for_read();
}

void IscsiConnection::close() noexcept {
    if (is_closed_) {
        return;
    }
    is_closed_ = true;
    session_.reset();
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    ++operations_;
    asio::post(socket_.get_executor(), [this] { end_operation(); });
}

bool IscsiConnection::end_operation() noexcept {
    --operations_;
    if (is_closed_ && operations_ == 0) {
        const auto forget = home_.forget; // Outlives this object, which ends in it.
        forget(this);
        return false;
    }
    return !is_closed_;
}

void IscsiConnection::wait_for_read() {
    if (is_closed_ || is_reading_) {
        return;
    }
    is_reading_ = true;
    ++operations_;
    socket_.async_wait(asio::ip::tcp::socket::wait_read, [this](const error_code& error) {
        if (!end_operation()) {
            return;
        }
        is_reading_ = false;
        if (error) {
            close();
            return;
        }
        receiver_.wake();
        serve();
    });
}

void IscsiConnection::wait_for_write() {
    if (is_closed_ || is_writing_) {
        return;
    }
    is_writing_ = true;
    ++operations_;
    socket_.async_wait(asio::ip::tcp::socket::wait_write, [this](const error_code& error) {
        if (!end_operation()) {
            return;
        }
        is_writing_ = false;
        if (error) {
            close();
        } else if (flush() && is_paused_) {
            serve();
        }
    });
}

void IscsiConnection::set_timer() {
    TimePoint due = session_ ? session_->next_due() : TimePoint::max();
    if (stalled_until_ != TimePoint{}) {
        due = std::max(stalled_until_, due == TimePoint::max() ? stalled_until_ : due);
    }
    if (is_closed_ || due == TimePoint::max() || due >= timer_due_) {
        return;
    }
    timer_due_ = due;
    ++operations_;
    timer_.start(due, [this](const error_code& error) {
        if (!end_operation() || error) { // Cancelled: another wait has taken its place.
            return;
        }
        timer_due_ = TimePoint::max();
        const TimePoint now = home_.clock.now();
        if (now >= stalled_until_) {
            stalled_until_ = {};
        }
        if (session_ && session_->release_due(now) == IscsiSession::Verdict::close) {
            close();
            return;
        }
        if (flush()) {
            set_timer();
            if (is_paused_) {
                serve();
            }
        }
    });
}

bool IscsiConnection::flush() {
    if (is_closed_) {
        return false;
    }
    if (stalled_until_ != TimePoint{}) {
        set_timer();
        return false;
    }
    switch (sender_.flush(socket_.native_handle())) {
    case IscsiSender::Flush::done:
        return true;
    case IscsiSender::Flush::blocked:
        wait_for_write();
        return false;
    case IscsiSender::Flush::closed:
        break;
    }
    close();
    return false;
}

void IscsiConnection::close_after_flush() {
    flush(); // As much as the socket takes; the rest is lost with the connection.
    close();
}

void IscsiConnection::serve() {
    is_paused_ = false;
    for (std::size_t taken = 0; taken < pdus_per_turn;) {
        if (sender_.queued() >= iscsi_limit::output_pdus) {
            if (!flush()) {
                is_paused_ = true;
                return;
            }
        }
        const IscsiReceiver::Step step = receiver_.next(socket_.native_handle());
        if (step == IscsiReceiver::Step::blocked) {
            if (flush() || !is_closed_) {
                set_timer();
                wait_for_read();
            }
            return;
        }
        if (!serve_one(step)) {
            return;
        }
        taken += step == IscsiReceiver::Step::pdu ? 1 : 0;
        if (sender_.queued() >= pdus_per_flush) {
            flush();
            if (is_closed_) {
                return;
            }
        }
    }
    flush(); // Others have waited long enough.
    if (!is_closed_) {
        set_timer();
        ++operations_;
        asio::post(socket_.get_executor(), [this] {
            if (end_operation()) {
                serve();
            }
        });
    }
}

bool IscsiConnection::serve_one(IscsiReceiver::Step step) {
    switch (step) {
    case IscsiReceiver::Step::closed:
    case IscsiReceiver::Step::broken:
        close();
        return false;
    case IscsiReceiver::Step::head:
        receiver_.place(session_ ? session_->place(receiver_.pdu()) : wire::MutableBytes{});
        return true;
    default:
        break;
    }
    heard_ = home_.clock.now();
    if (!session_) {
        return take_login(receiver_.pdu());
    }
    if (session_->take(receiver_.pdu(), heard_) == IscsiSession::Verdict::close) {
        close_after_flush();
        return false;
    }
    return true;
}

void IscsiConnection::stall_until(TimePoint until) {
    stalled_until_ = until;
    set_timer();
}

void IscsiConnection::tick(TimePoint now) {
    const Duration silence = now - heard_;
    if (!session_) {
        if (silence > login_time_max) {
            close();
        }
    } else if (silence > silence_max && session_->is_waiting_for_pong()) {
        close();
    } else if (silence > silence_before_ping && !session_->is_waiting_for_pong()) {
        session_->ping();
        flush();
    }
}

void IscsiConnection::announce_end() {
    if (session_ && !is_closed_) {
        session_->announce_end(wire::iscsi::AsyncEvent::all_connections_dropped);
        flush();
    }
}

} // namespace drivers::array
