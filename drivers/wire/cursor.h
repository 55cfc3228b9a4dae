// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers::wire {

using Bytes = std::span<const std::byte>;

// Reads big-endian numbers from untrusted bytes and never past their end: the first read that does
// not fit makes the cursor bad, and from then on it yields zeros and empty spans.
class Cursor {
public:
    explicit Cursor(Bytes bytes) noexcept
        : bytes_(bytes) {}

    bool ok() const noexcept { return ok_; }
    std::size_t left() const noexcept { return bytes_.size(); }
    Bytes rest() const noexcept { return bytes_; }

    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number<1>()); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number<2>()); }
    std::uint32_t u24() noexcept { return static_cast<std::uint32_t>(number<3>()); }
    std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number<4>()); }
    std::uint64_t u48() noexcept { return number<6>(); }
    std::uint64_t u64() noexcept { return number<8>(); }

    Bytes take(std::size_t count) noexcept {
        if (count > bytes_.size()) {
            ok_ = false;
            bytes_ = {};
            return {};
        }
        const Bytes out = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return out;
    }
    void skip(std::size_t count) noexcept { (void)take(count); }

private:
    template <std::size_t Count>
    std::uint64_t number() noexcept {
        const Bytes field = take(Count);
        std::uint64_t out = 0;
        for (const std::byte value : field) {
            out = out << 8U | std::to_integer<std::uint64_t>(value);
        }
        return out;
    }

    Bytes bytes_;
    bool ok_ = true;
};

} // namespace drivers::wire
