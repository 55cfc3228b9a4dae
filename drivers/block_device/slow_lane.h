// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace drivers::block_device {

// Does what the kernel only offers as a call that blocks, discards and zeroing, in a thread of its
// own, one after the other, so that the lane never waits for it. The thread starts with the first
// job and ends with this object, after every job.
class SlowLane {
public:
    struct Job {
        std::uint32_t slot = 0;
        Op op = Op::unmap;
        std::span<const BlockRange> ranges{}; // Borrowed until its result is taken.
    };
    struct Result {
        std::uint32_t slot = 0;
        int error = 0; // errno; 0 = done.
    };

    SlowLane(int fd, bool is_device, std::uint32_t block_bytes, std::size_t depth);
    ~SlowLane();
    SlowLane(const SlowLane&) = delete;
    SlowLane& operator=(const SlowLane&) = delete;

    // At most `depth` jobs at a time. False: no thread can be had.
    bool start(const Job& job) noexcept;

    // Moves finished jobs into `out` and returns how many.
    std::size_t take(std::span<Result> out) noexcept;

    int event_fd() const noexcept { return event_fd_; } // Readable: there may be results.

private:
    void run() noexcept;
    int execute(const Job& job) const noexcept;
    int execute(Op op, const BlockRange& range) const noexcept;

    int fd_;
    bool is_device_;
    std::uint32_t block_bytes_;
    int event_fd_;
    std::mutex mutex_;
    std::condition_variable asked_;
    std::vector<Job> jobs_; // Both sized once; first in first out.
    std::vector<Result> results_;
    bool end_ = false;
    std::thread thread_;
};

} // namespace drivers::block_device
