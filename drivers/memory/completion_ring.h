// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace drivers {

// The answers a driver holds until they are polled: at most `depth`, first in first out.
class CompletionRing {
public:
    explicit CompletionRing(std::size_t depth)
        : depth_(depth)
        , held_(std::bit_ceil(std::max<std::size_t>(depth, 1)))
        , mask_(held_.size() - 1) {}

    std::size_t depth() const noexcept { return depth_; }
    bool full() const noexcept { return in_ - out_ >= depth_; }
    bool empty() const noexcept { return in_ == out_; }
    void push(const Completion& completion) noexcept { held_[in_++ & mask_] = completion; }

    // Moves what fits into `out`, all marked as done at `now`.
    std::size_t drain(std::span<Completion> out, TimePoint now) noexcept {
        const std::size_t count = std::min<std::size_t>(out.size(), in_ - out_);
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = held_[out_++ & mask_];
            out[i].done = now;
        }
        return count;
    }

private:
    std::size_t depth_;
    std::vector<Completion> held_;
    std::size_t mask_;
    std::size_t in_ = 0;
    std::size_t out_ = 0;
};

} // namespace drivers
