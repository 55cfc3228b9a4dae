// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Login and text negotiation: key=value pairs, each closed by a zero byte (RFC 7143 section 6).
namespace drivers::wire::iscsi {

struct TextPair {
    std::string_view key; // Borrowed from the parsed bytes.
    std::string_view value;
};

struct TextLimits {
    std::size_t pairs = 256;
    std::size_t key_bytes = 63;
    std::size_t value_bytes = 8192; // Section 6.1: a target must bear at least this much.
};

// Nothing if the text breaks the rules of section 6.1 or a limit. Trailing zero bytes are padding.
std::optional<std::vector<TextPair>> parse_text(Bytes text, const TextLimits& limits = {});

void append_text(std::string& text, std::string_view key, std::string_view value);

// Numbers: decimal or 0x hexadecimal (section 6.1), nothing above 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view value) noexcept;

// Large binary values: 0x hexadecimal or 0b base64, at most `bytes_max` long once decoded.
std::optional<std::vector<std::byte>> parse_binary(std::string_view value, std::size_t bytes_max);
std::string hex_binary(Bytes bytes); // "0x..."

// Does a comma-separated list offer this value?
bool list_offers(std::string_view list, std::string_view value) noexcept;

} // namespace drivers::wire::iscsi
