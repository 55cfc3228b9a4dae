// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace drivers::array {

// How leaked bytes are dressed on their way out.
enum class LeakEncoding : std::uint8_t {
    raw,
    reversed,
    utf16le, // Each byte a code unit.
    utf16be,
    hex_lower,
    hex_upper,
    base64,
    base64url,
    base32,
    base85, // Ascii85 as btoa and PDF know it.
    url,
    json, // \u00XX for what is not printable.
    xor_byte,
    swapped2,
    swapped4,
    swapped8,
    gzip,
    zlib,
    zstd,
    lz4
};
constexpr std::size_t leak_encoding_count = static_cast<std::size_t>(LeakEncoding::lz4) + 1;

std::string_view leak_encoding_name(LeakEncoding encoding) noexcept;
std::optional<LeakEncoding> leak_encoding_named(std::string_view name) noexcept;

// The bytes as they leave. `key`: of xor_byte. Swapped encodings pad with zeros to whole words.
std::vector<std::byte>
encode_leak(LeakEncoding encoding, std::span<const std::byte> bytes, std::uint8_t key);

} // namespace drivers::array
