// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers::wire {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Big-endian fields at fixed offsets. The caller has checked the length; a wrong offset is a bug.
template <std::size_t width>
constexpr std::uint64_t load_be(Bytes from, std::size_t at) noexcept {
    assert(at + width <= from.size());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value = value << 8U | std::to_integer<std::uint64_t>(from[at + i]);
    }
    return value;
}

template <std::size_t width>
constexpr void store_be(MutableBytes to, std::size_t at, std::uint64_t value) noexcept {
    assert(at + width <= to.size());
    for (std::size_t i = 0; i < width; ++i) {
        to[at + i] = static_cast<std::byte>(value >> 8U * (width - 1 - i) & 0xFFU);
    }
}

constexpr std::uint8_t load_u8(Bytes from, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(load_be<1>(from, at));
}
constexpr std::uint16_t load_be16(Bytes from, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(load_be<2>(from, at));
}
constexpr std::uint32_t load_be24(Bytes from, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(load_be<3>(from, at));
}
constexpr std::uint32_t load_be32(Bytes from, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(load_be<4>(from, at));
}
constexpr std::uint64_t load_be64(Bytes from, std::size_t at) noexcept {
    return load_be<8>(from, at);
}

constexpr void store_u8(MutableBytes to, std::size_t at, std::uint64_t value) noexcept {
    store_be<1>(to, at, value);
}
constexpr void store_be16(MutableBytes to, std::size_t at, std::uint64_t value) noexcept {
    store_be<2>(to, at, value);
}
constexpr void store_be24(MutableBytes to, std::size_t at, std::uint64_t value) noexcept {
    store_be<3>(to, at, value);
}
constexpr void store_be32(MutableBytes to, std::size_t at, std::uint64_t value) noexcept {
    store_be<4>(to, at, value);
}
constexpr void store_be64(MutableBytes to, std::size_t at, std::uint64_t value) noexcept {
    store_be<8>(to, at, value);
}

} // namespace drivers::wire
