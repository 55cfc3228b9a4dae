// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace drivers::block_device {

// Asks at an interval, and when told to, whether the device behind a path is still the one that was
// opened, on a thread of its own, because asking waits for the device and a lane must not.
class DeviceWatch {
public:
    using Question = std::function<std::string()>; // Empty: the same; else who is there instead.

    // Throws HostError if no thread can be had.
    DeviceWatch(Question question, Duration interval);
    ~DeviceWatch();
    DeviceWatch(const DeviceWatch&) = delete;
    DeviceWatch& operator=(const DeviceWatch&) = delete;

    // Asks as soon as may be; the question is answered when answered() has reached the number.
    std::uint64_t ask() noexcept;
    std::uint64_t answered() const noexcept { return answered_.load(std::memory_order_acquire); }

    bool differs() const noexcept { return differs_.load(std::memory_order_acquire); }
    const std::string& difference() const noexcept { return difference_; } // Once it differs.

private:
    void run() noexcept;

    Question question_;
    Duration interval_;
    std::mutex mutex_;
    std::condition_variable told_;
    std::uint64_t wanted_ = 0;
    bool end_ = false;
    std::atomic<std::uint64_t> answered_{0};
    std::atomic<bool> differs_{false};
    std::string difference_; // Written once, before differs_.
    std::thread thread_;
};

} // namespace drivers::block_device
