// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bench::egress {

// What a canary search may spend beyond looking once through what was carried: unpacking, beginning
// to unpack, and reading tokens. Each is granted in proportion to the bytes and pieces carried,
// with a small reserve, so that no frame costs much more than its length, whoever made it. What
// waits for its share is unpacked when the capture has ended, up to a bound on the whole.
class SearchBudget {
public:
    static constexpr std::int64_t unpacked_per_byte =
        8; // Text comes out three to six times as long.
    static constexpr std::int64_t unpacked_reserve = 64 << 10;
    static constexpr std::int64_t bytes_per_begun = 256;
    static constexpr std::int64_t begun_reserve = 256;
    static constexpr std::int64_t bytes_per_read = 128; // A sector of 512 bytes has one token.
    static constexpr std::int64_t read_reserve = 256;
    static constexpr std::uint64_t unpacked_first = 128ULL << 20U;
    static constexpr std::uint64_t unpacked_max = 8ULL << 30U; // Of the whole search

    void carried(std::size_t bytes) noexcept {
        const auto more = static_cast<std::int64_t>(bytes);
        searched_bytes_ += bytes;
        unpack_ = std::min(unpack_, unpacked_reserve) + unpacked_per_byte * more;
        begin_ = std::min(begin_, begun_reserve * bytes_per_begun) + bytes_per_begun + more;
        read_ = std::min(read_, read_reserve * bytes_per_read) + bytes_per_read + more;
    }

    // The capture has ended: nothing can be held up any more.
    void end_of_capture() noexcept { ended_ = true; }

    bool may_unpack() const noexcept { return (unpack_ > 0 || ended_) && has_left(); }
    bool has_left() const noexcept { // Of the whole
        return unpacked_bytes_ <
               std::min(unpacked_max,
                        unpacked_first +
                            static_cast<std::uint64_t>(unpacked_per_byte) * searched_bytes_);
    }
    // A step of a decoder may build tables and put nothing out.
    void unpacking(std::size_t step_costs) noexcept {
        unpack_ -= static_cast<std::int64_t>(step_costs);
    }
    void unpacked(std::size_t bytes) noexcept {
        unpack_ -= static_cast<std::int64_t>(bytes);
        unpacked_bytes_ += bytes;
    }

    std::size_t may_begin_at_most() const noexcept {
        return static_cast<std::size_t>(
            std::max<std::int64_t>(ended_ ? begun_reserve : begin_ / bytes_per_begun, 0));
    }
    bool may_begin() noexcept {
        if ((begin_ < bytes_per_begun && !ended_) || !has_left()) {
            return false;
        }
        begin_ -= bytes_per_begun;
        ++begun_;
        return true;
    }

    bool may_read() noexcept {
        if (read_ < bytes_per_read && !ended_) {
            return false;
        }
        read_ -= bytes_per_read;
        return true;
    }

    std::uint64_t searched_bytes() const noexcept { return searched_bytes_; }
    std::uint64_t unpacked_bytes() const noexcept { return unpacked_bytes_; }
    std::uint64_t begun() const noexcept { return begun_; }

private:
    std::uint64_t searched_bytes_ = 0;
    std::uint64_t unpacked_bytes_ = 0;
    std::uint64_t begun_ = 0;
    std::int64_t unpack_ = unpacked_reserve;
    std::int64_t begin_ = begun_reserve * bytes_per_begun;
    std::int64_t read_ = read_reserve * bytes_per_read;
    bool ended_ = false;
};

} // namespace bench::egress
