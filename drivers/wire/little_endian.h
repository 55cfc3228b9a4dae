// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace drivers::wire {

static_assert(std::endian::native == std::endian::little,
              "NVMe fields are copied as they stand in memory");

// Little-endian field at a byte offset; the caller has checked that the bytes are there.
template <class Integer>
Integer get_le(std::span<const std::byte> bytes, std::size_t at) noexcept {
    assert(at + sizeof(Integer) <= bytes.size());
    Integer value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <class Integer>
void put_le(std::span<std::byte> bytes, std::size_t at, Integer value) noexcept {
    assert(at + sizeof value <= bytes.size());
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

// A fixed text field: filled up with spaces (NVMe ASCII strings) or with zeroes (names).
inline void put_text(std::span<std::byte> field, std::string_view text, char padding) noexcept {
    for (std::size_t i = 0; i < field.size(); ++i) {
        field[i] = static_cast<std::byte>(i < text.size() ? text[i] : padding);
    }
}

// The text in such a field: ends at the first zero, without the padding at its end; a byte that is
// no printable ASCII becomes '?', for the peer may send anything.
inline std::string get_text(std::span<const std::byte> field) {
    std::string text;
    for (const std::byte byte : field) {
        const auto character = std::to_integer<unsigned char>(byte);
        if (character == 0) {
            break;
        }
        text.push_back(character < 0x20 || character > 0x7e ? '?' : static_cast<char>(character));
    }
    while (!text.empty() && text.back() == ' ') {
        text.pop_back();
    }
    return text;
}

} // namespace drivers::wire
