// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/sleep_margin.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>

namespace drivers::array {

// Calls its handler at an instant, not when a sleeping processor has found the time to wake: the
// last microseconds are waited for awake, while the other sockets and timers are still served.
class DueTimer {
public:
    using Handler = std::function<void(const boost::system::error_code&)>;

    DueTimer(boost::asio::any_io_executor executor, Clock& clock);

    // Called exactly once, possibly to destroy this timer: without an error at `due`, or with
    // operation_aborted after another start() or a cancel().
    void start(TimePoint due, Handler handler);
    void cancel() noexcept;

private:
    void wait_awake(TimePoint due, Handler handler, std::uint64_t turn, int looks);

    boost::asio::steady_timer timer_;
    Clock& clock_;
    SleepMargin margin_;
    std::uint64_t turn_ = 0; // Of starts and cancels: an older wait is over.
};

} // namespace drivers::array
