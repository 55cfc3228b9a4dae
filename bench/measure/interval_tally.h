// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/numbers/histogram.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace bench::measure {

// One lane's counts in one interval of the round.
struct IntervalTally {
    std::uint64_t index = 0;
    std::uint64_t due = 0;
    std::uint64_t submitted = 0;
    std::uint64_t completed = 0;
    std::uint64_t errors = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t outstanding_max = 0;
    std::uint64_t gap_ns = 0; // Longest stretch in which the pump itself did not run.
    results::Histogram response_ns;

    void clear() noexcept {
        index = due = submitted = completed = errors = 0;
        bytes_read = bytes_written = outstanding_max = gap_ns = 0;
        response_ns.clear();
    }
};

// Hands finished intervals from a lane to the one that reports them, without a lock. When the
// reader is far behind, the lane's current interval grows instead and later ones are skipped.
class IntervalQueue {
public:
    IntervalTally& current() noexcept { return tallies_[written_local_ % tallies_.size()]; }

    // Lane: closes the current interval and opens number `next`.
    bool close(std::uint64_t next) noexcept {
        if (written_local_ + 1 - read_.load(std::memory_order_acquire) >= tallies_.size()) {
            return false;
        }
        ++written_local_;
        current().index = next;
        written_.store(written_local_, std::memory_order_release);
        return true;
    }

    // Reader: the oldest closed interval, or null; pop() gives it back.
    IntervalTally* front() noexcept {
        const std::uint64_t read = read_.load(std::memory_order_relaxed);
        return read < written_.load(std::memory_order_acquire) ? &tallies_[read % tallies_.size()]
                                                               : nullptr;
    }
    void pop() noexcept {
        const std::uint64_t read = read_.load(std::memory_order_relaxed);
        tallies_[read % tallies_.size()].clear();
        read_.store(read + 1, std::memory_order_release);
    }

private:
    std::array<IntervalTally, 16> tallies_;
    std::uint64_t written_local_ = 0;
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> read_{0};
};

} // namespace bench::measure
