// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace bench::nbdkit {

// Lets many threads use one driver, which knows only one: a thread of its own owns it, takes the
// callers' requests in turn, and wakes each caller when his is answered.
class LunService {
public:
    // Told once, by the service's own thread, that the driver has ended for good and why: before
    // anybody hears of a request that ended with it.
    using OnEnd = std::function<void(drivers::DriverEnd, std::string_view)>;

    // A driver may refuse requests for as long as it hopes for a lost array; after `patience` of
    // that all callers are told that the time was up, and so are new ones until it takes one again.
    LunService(std::unique_ptr<drivers::BlockDriver> driver,
               drivers::Clock& clock,
               drivers::Duration patience,
               OnEnd on_end = {});
    ~LunService(); // Every caller has returned before.
    LunService(const LunService&) = delete;
    LunService& operator=(const LunService&) = delete;

    const drivers::Geometry& geometry() const noexcept { return driver_->geometry(); }

    // Waits for the answer. Any thread; `request.tag` is not looked at.
    drivers::Completion execute(drivers::Request request);

private:
    struct Call { // On the stack of whoever waits.
        drivers::Request request;
        drivers::Completion end;
        bool ended = false;
        std::condition_variable ready;
    };

    void run() noexcept;
    void heed_end() noexcept;
    void submit_waiting() noexcept;
    void give_up_waiting() noexcept;
    void hand_out() noexcept;
    void wait() noexcept;
    void wake() noexcept;

    std::unique_ptr<drivers::BlockDriver> driver_;
    drivers::Clock& clock_;
    drivers::Duration patience_;
    OnEnd on_end_; // Empty once told.
    int event_fd_;
    std::mutex mutex_;
    std::vector<Call*> asked_;   // Guarded by mutex_.
    bool end_ = false;           // Guarded by mutex_.
    std::vector<Call*> waiting_; // The thread's own: taken over, not yet accepted by the driver.
    std::size_t in_flight_ = 0;
    bool refused_ = false; // By the driver, since its last completion.
    drivers::TimePoint hopeless_at_ =
        drivers::TimePoint::max(); // It refuses with nothing in flight.
    std::array<drivers::Completion, 64> completions_;
    std::thread thread_;
};

} // namespace bench::nbdkit
