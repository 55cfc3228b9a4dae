// SPDX-License-Identifier: Apache-2.0
#include "bench/nbdkit/lun_service.h"

#include "drivers/api/errors.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace bench::nbdkit {

namespace {

constexpr drivers::Duration longest_sleep = std::chrono::milliseconds(100);
constexpr drivers::Duration refused_sleep = std::chrono::milliseconds(1);

} // namespace

LunService::LunService(std::unique_ptr<drivers::BlockDriver> driver,
                       drivers::Clock& clock,
                       drivers::Duration patience,
                       OnEnd on_end)
    : driver_(std::move(driver))
    , clock_(clock)
    , patience_(patience)
    , on_end_(std::move(on_end))
    , event_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event_fd_ < 0) {
        throw drivers::HostError("no eventfd");
    }
    thread_ = std::thread([this] { run(); });
}

LunService::~LunService() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    wake();
    thread_.join();
    ::close(event_fd_);
}

void LunService::wake() noexcept {
    const std::uint64_t one = 1;
    while (::write(event_fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

drivers::Completion LunService::execute(drivers::Request request) {
    Call call;
    call.request = request;
    call.request.tag = std::bit_cast<std::uint64_t>(&call);
    std::unique_lock lock(mutex_);
    asked_.push_back(&call);
    if (asked_.size() == 1) {
        wake();
    }
    call.ready.wait(lock, [&] { return call.ended; });
    return call.end;
}

void LunService::run() noexcept {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            waiting_.insert(waiting_.end(), asked_.begin(), asked_.end());
            asked_.clear();
            if (end_ && waiting_.empty() && in_flight_ == 0) {
                return;
            }
        }
        submit_waiting();
        hand_out();
        heed_end();
        give_up_waiting();
        wait();
    }
}

void LunService::submit_waiting() noexcept {
    std::size_t taken = 0;
    refused_ = false;
    while (taken < waiting_.size() && !refused_) {
        refused_ = !driver_->submit(waiting_[taken]->request);
        taken += refused_ ? 0 : 1;
    }
    in_flight_ += taken;
    if (taken > 0) {
        hopeless_at_ = drivers::TimePoint::max();
    } else if (refused_ && in_flight_ == 0 && hopeless_at_ == drivers::TimePoint::max()) {
        hopeless_at_ = clock_.now() + patience_;
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void LunService::heed_end() noexcept {
    if (on_end_ && driver_->ended() != drivers::DriverEnd::none) {
        std::exchange(on_end_, nullptr)(driver_->ended(), driver_->end_reason());
    }
}

void LunService::hand_out() noexcept {
    for (std::size_t count = driver_->poll(completions_); count > 0;
         count = driver_->poll(completions_)) {
        heed_end();
        in_flight_ -= count;
        refused_ = false;
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < count; ++i) {
            Call& call = *std::bit_cast<Call*>(completions_[i].tag);
            call.end = completions_[i];
            call.ended = true;
            call.ready.notify_one(); // Under the lock: the call is gone as soon as it is let go.
        }
    }
}

void LunService::give_up_waiting() noexcept {
    if (clock_.now() < hopeless_at_) {
        return;
    }
    const std::lock_guard lock(mutex_);
    for (Call* call : waiting_) {
        call->end = {.status = drivers::Status::timed_out, .fenced = true};
        call->ended = true;
        call->ready.notify_one();
    }
    waiting_.clear();
}

void LunService::wait() noexcept {
    const drivers::TimePoint now = clock_.now();
    drivers::TimePoint until = std::min(driver_->next_timer(), now + longest_sleep);
    if (!waiting_.empty()) {
        until = refused_ ? std::min(until, now + refused_sleep) : now;
    }
    if (in_flight_ > 0 && driver_->wait_fd() < 0) {
        until = now; // Nothing tells when it is done.
    }
    if (until <= now) {
        return;
    }
    std::array<pollfd, 2> wakers{{{event_fd_, POLLIN, 0}, {driver_->wait_fd(), POLLIN, 0}}};
    const std::int64_t left_ns = (until - now).count();
    const timespec left{left_ns / 1'000'000'000, left_ns % 1'000'000'000};
    ::ppoll(wakers.data(), driver_->wait_fd() < 0 ? 1 : 2, &left, nullptr);
    if ((wakers[0].revents & POLLIN) != 0) {
        std::uint64_t told = 0;
        (void)!::read(event_fd_, &told, sizeof told);
    }
}

} // namespace bench::nbdkit
