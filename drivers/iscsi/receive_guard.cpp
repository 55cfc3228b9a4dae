// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/receive_guard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace drivers::iscsi {

namespace {
constexpr auto look_every = std::chrono::milliseconds(50);
} // namespace

// The guards of the process and the thread that looks at them; it runs while there is one.
class GuardRoom {
public:
    static GuardRoom& instance() {
        static GuardRoom room;
        return room;
    }

    void enter(ReceiveGuard& guard) {
        const std::scoped_lock lock(mutex_);
        guards_.push_back(&guard);
        if (!thread_.joinable()) {
            thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
        }
        wake_.notify_all();
    }

    void leave(ReceiveGuard& guard) noexcept {
        const std::scoped_lock lock(mutex_);
        std::erase(guards_, &guard);
        if (guard.fd_ >= 0) {
            ::close(guard.fd_);
        }
    }

    void watch(ReceiveGuard& guard, int fd) noexcept {
        const std::scoped_lock lock(mutex_);
        if (guard.fd_ >= 0) {
            ::close(guard.fd_);
        }
        guard.fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }

private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            // steady_clock: no test owns this thread's time, and no measurement depends on it.
            const TimePoint now = std::chrono::steady_clock::now();
            for (ReceiveGuard* guard : guards_) {
                guard->look(now);
            }
            if (guards_.empty()) {
                wake_.wait(lock, stop, [this] { return !guards_.empty(); });
            } else {
                wake_.wait_for(lock, stop, look_every, [] { return false; });
            }
        }
    }

    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::vector<ReceiveGuard*> guards_;
    std::jthread thread_; // Last: ends first.
};

ReceiveGuard::ReceiveGuard(Duration at_most)
    : at_most_(at_most) {
    GuardRoom::instance().enter(*this);
}

ReceiveGuard::~ReceiveGuard() {
    GuardRoom::instance().leave(*this);
}

void ReceiveGuard::watch(int fd) noexcept {
    GuardRoom::instance().watch(*this, fd);
}

void ReceiveGuard::look(TimePoint now) noexcept {
    const std::uint64_t turn = turn_.load(std::memory_order_acquire);
    if (turn != seen_turn_ || turn % 2 == 0) {
        seen_turn_ = turn;
        seen_at_ = now;
        return;
    }
    if (now - seen_at_ >= at_most_ && fd_ >= 0 && !has_cut()) {
        has_cut_.store(true, std::memory_order_release);
        ::shutdown(fd_, SHUT_RDWR);
    }
}

} // namespace drivers::iscsi
