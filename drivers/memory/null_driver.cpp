// SPDX-License-Identifier: Apache-2.0
#include "drivers/memory/null_driver.h"

#include <algorithm>

namespace drivers {

NullDriver::NullDriver(std::uint64_t size_bytes, std::size_t depth, const Clock& clock)
    : clock_(clock)
    , depth_(depth)
    , tags_(depth) {
    geometry_.block_bytes = 512;
    geometry_.block_count = size_bytes / 512;
    identity_.vendor = "ARRBENCH";
    identity_.product = "NULL";
    identity_.unique_id = "null";
}

bool NullDriver::submit(const Request& request) noexcept {
    if (held_ == depth_) {
        return false;
    }
    const std::size_t at = first_ + held_;
    tags_[at < depth_ ? at : at - depth_] = request.tag;
    ++held_;
    return true;
}

std::size_t NullDriver::poll(std::span<Completion> out) noexcept {
    const std::size_t count = std::min(out.size(), held_);
    if (count == 0) {
        return 0;
    }
    const TimePoint done = clock_.now();
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = Completion{tags_[first_], Status::good, true, 0, 0, done};
        first_ = first_ + 1 < depth_ ? first_ + 1 : 0;
    }
    held_ -= count;
    return count;
}

TimePoint NullDriver::next_timer() const noexcept {
    return held_ > 0 ? TimePoint::min() : TimePoint::max();
}

} // namespace drivers
