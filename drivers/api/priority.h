// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <sched.h>

#include <ctime>

namespace drivers {

// Lets the calling thread run before what else this host does, where the host permits it (root,
// CAP_SYS_NICE or RLIMIT_RTPRIO): an instrument that waits for a compiler measures the compiler.
// The real-time class is kept only while the thread mostly sleeps, since the kernel stops one that
// never does for 50 ms of each second (sched(7), sched_rt_runtime_us). Threads that the kernel
// makes in this one's name, io_uring's workers, stay as they would have been: two that run before
// all others push each other from processor to processor.
class Priority {
public:
    static constexpr Duration review_every = std::chrono::milliseconds(50);

    explicit Priority(bool wanted = true) noexcept { is_raised_ = wanted && set(SCHED_FIFO); }

    bool is_granted() const noexcept { return is_raised_; }

    // Call it often; it looks every 50 ms.
    void review(TimePoint now) noexcept {
        if (now < next_review_) {
            return;
        }
        const Duration used = used_so_far();
        const Duration share_of = now - reviewed_at_;
        const bool is_busy = (used - used_before_) * 10 > share_of * 7;
        if (is_raised_ && reviewed_at_ != TimePoint{}) {
            set(is_busy ? SCHED_OTHER : SCHED_FIFO);
        }
        used_before_ = used;
        reviewed_at_ = now;
        next_review_ = now + review_every;
    }

private:
    static bool set(int policy) noexcept {
        sched_param parameters{};
        parameters.sched_priority = policy == SCHED_FIFO ? 1 : 0;
        return sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) ==
               0; // This thread.
    }
    static Duration used_so_far() noexcept {
        timespec used{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
        return std::chrono::seconds(used.tv_sec) + Duration(used.tv_nsec);
    }

    bool is_raised_ = false;
    Duration used_before_{0};
    TimePoint reviewed_at_{};
    TimePoint next_review_{};
};

} // namespace drivers
