// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/due_timer.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace drivers::array {

namespace {
constexpr auto margin_max = std::chrono::microseconds(500);
constexpr int looks_max = 20'000; // A clock may stand still.
} // namespace

DueTimer::DueTimer(boost::asio::any_io_executor executor, Clock& clock)
    : timer_(std::move(executor))
    , clock_(clock)
    , margin_(margin_max) {}

void DueTimer::start(TimePoint due, Handler handler) {
    const std::uint64_t turn = ++turn_;
    const TimePoint wake = due - margin_.value();
    const bool sleeps = wake > clock_.now();
    timer_.expires_at(wake);
    timer_.async_wait([this, due, wake, turn, sleeps, handler = std::move(handler)](
                          const boost::system::error_code& error) mutable {
        if (error) {
            handler(error);
            return;
        }
        if (sleeps) {
            margin_.slept(wake, clock_.now());
        }
        wait_awake(due, std::move(handler), turn, looks_max);
    });
}

void DueTimer::cancel() noexcept {
    ++turn_;
    boost::system::error_code ignored;
    timer_.cancel(ignored);
}

void DueTimer::wait_awake(TimePoint due, Handler handler, std::uint64_t turn, int looks) {
    if (turn != turn_) {
        handler(boost::asio::error::operation_aborted);
        return;
    }
    if (looks == 0 || clock_.now() >= due) {
        handler({});
        return;
    }
    boost::asio::post(timer_.get_executor(),
                      [this, due, turn, looks, handler = std::move(handler)]() mutable {
                          wait_awake(due, std::move(handler), turn, looks - 1);
                      });
}

} // namespace drivers::array
