// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/slow_lane.h"

#include "drivers/api/errors.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace drivers::block_device {

SlowLane::SlowLane(int fd, bool is_device, std::uint32_t block_bytes, std::size_t depth)
    : fd_(fd)
    , is_device_(is_device)
    , block_bytes_(block_bytes)
    , event_fd_(::eventfd(0, EFD_CLOEXEC)) {
    if (event_fd_ < 0) {
        throw HostError("eventfd: " + std::generic_category().message(errno));
    }
    jobs_.reserve(depth);
    results_.reserve(depth);
}

SlowLane::~SlowLane() {
    if (thread_.joinable()) {
        {
            const std::lock_guard lock(mutex_);
            end_ = true;
        }
        asked_.notify_one();
        thread_.join();
    }
    ::close(event_fd_);
}

bool SlowLane::start(const Job& job) noexcept {
    try {
        if (!thread_.joinable()) {
            thread_ = std::thread([this] { run(); });
        }
    } catch (const std::system_error&) {
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(job); // Within what was reserved.
    }
    asked_.notify_one();
    return true;
}

std::size_t SlowLane::take(std::span<Result> out) noexcept {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(out.size(), results_.size());
    const auto end = results_.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(results_.begin(), end, out.begin());
    results_.erase(results_.begin(), end);
    return count;
}

void SlowLane::run() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
        asked_.wait(lock, [this] { return end_ || !jobs_.empty(); });
        if (jobs_.empty()) {
            return;
        }
        const Job job = jobs_.front();
        jobs_.erase(jobs_.begin());
        lock.unlock();
        const int error = execute(job);
        lock.lock();
        results_.push_back({job.slot, error});
        const std::uint64_t one = 1;
        if (::write(event_fd_, &one, sizeof one) != sizeof one) {
            continue; // Full: it is readable already.
        }
    }
}

int SlowLane::execute(const Job& job) const noexcept {
    for (const BlockRange& range : job.ranges) {
        if (range.block_count == 0) {
            continue;
        }
        if (const int error = execute(job.op, range); error != 0) {
            return error;
        }
    }
    return 0;
}

int SlowLane::execute(Op op, const BlockRange& range) const noexcept {
    const std::uint64_t from = range.lba * block_bytes_;
    const std::uint64_t length = range.block_count * block_bytes_;
    if (is_device_) {
        std::array<std::uint64_t, 2> place{from, length};
        const unsigned long what = op == Op::unmap ? BLKDISCARD : BLKZEROOUT;
        return ::ioctl(fd_, what, place.data()) == 0 ? 0 : errno;
    }
    const auto change = [&](int mode) {
        const auto at = static_cast<off_t>(from);
        return ::fallocate(fd_, mode | FALLOC_FL_KEEP_SIZE, at, static_cast<off_t>(length)) == 0
                   ? 0
                   : errno;
    };
    const int error =
        op == Op::unmap ? EOPNOTSUPP : change(FALLOC_FL_ZERO_RANGE); // A hole reads as zeroes too.
    return error == EOPNOTSUPP ? change(FALLOC_FL_PUNCH_HOLE) : error;
}

} // namespace drivers::block_device
