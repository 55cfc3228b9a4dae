// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace drivers::array {

// The space that volumes allocate from together.
class ThinPool {
public:
    explicit ThinPool(std::uint64_t limit_bytes) // 0 = no limit
        : limit_bytes_(limit_bytes) {}

    bool take(std::uint64_t bytes) noexcept {
        if (limit_bytes_ != 0 && bytes > limit_bytes_ - used_bytes_) {
            return false;
        }
        used_bytes_ += bytes;
        return true;
    }
    void give_back(std::uint64_t bytes) noexcept { used_bytes_ -= bytes; }
    std::uint64_t used_bytes() const noexcept { return used_bytes_; }

private:
    std::uint64_t limit_bytes_;
    std::uint64_t used_bytes_ = 0;
};

} // namespace drivers::array
