// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/device_watch.h"

#include "drivers/api/errors.h"

#include <system_error>

namespace drivers::block_device {

DeviceWatch::DeviceWatch(Question question, Duration interval)
    : question_(std::move(question))
    , interval_(interval) {
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
        throw HostError(std::string("no thread to watch a device with: ") + error.what());
    }
}

DeviceWatch::~DeviceWatch() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    told_.notify_one();
    thread_.join();
}

std::uint64_t DeviceWatch::ask() noexcept {
    const std::lock_guard lock(mutex_);
    ++wanted_;
    told_.notify_one();
    return wanted_;
}

void DeviceWatch::run() noexcept {
    std::unique_lock lock(mutex_);
    while (!end_ && !differs()) {
        told_.wait_for(lock, interval_, [this] { return end_ || wanted_ > answered(); });
        if (end_) {
            return;
        }
        const std::uint64_t number = wanted_;
        lock.unlock();
        std::string difference;
        try {
            difference = question_();
        } catch (const std::exception&) { // Not told: an error of its own will say more.
            difference.clear();
        }
        if (!difference.empty()) {
            difference_ = std::move(difference);
            differs_.store(true, std::memory_order_release);
        }
        answered_.store(number, std::memory_order_release);
        lock.lock();
    }
}

} // namespace drivers::block_device
