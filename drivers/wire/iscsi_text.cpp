// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/iscsi_text.h"

#include <algorithm>
#include <charconv>

namespace drivers::wire::iscsi {
namespace {

bool is_key_character(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '+' || c == '@' || c == '_';
}

std::optional<TextPair> parse_pair(std::string_view piece, const TextLimits& limits) noexcept {
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals > limits.key_bytes) {
        return std::nullopt;
    }
    const TextPair pair{piece.substr(0, equals), piece.substr(equals + 1)};
    if (pair.value.size() > limits.value_bytes ||
        !std::all_of(pair.key.begin(), pair.key.end(), is_key_character)) {
        return std::nullopt;
    }
    return pair;
}

std::optional<std::uint8_t> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint8_t>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f') {
        return static_cast<std::uint8_t>(lower - 'a' + 10);
    }
    return std::nullopt;
}

std::optional<std::uint8_t> base64_digit(char c) noexcept {
    if (c >= 'A' && c <= 'Z') {
        return static_cast<std::uint8_t>(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return static_cast<std::uint8_t>(c - 'a' + 26);
    }
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint8_t>(c - '0' + 52);
    }
    if (c == '+' || c == '/') {
        return static_cast<std::uint8_t>(c == '+' ? 62 : 63);
    }
    return std::nullopt;
}

std::optional<std::vector<std::byte>> parse_hex(std::string_view digits, std::size_t bytes_max) {
    if (digits.empty() || (digits.size() + 1) / 2 > bytes_max) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes((digits.size() + 1) / 2);
    std::size_t nibble = digits.size() % 2; // An odd count lacks its leading zero.
    for (const char c : digits) {
        const auto digit = hex_digit(c);
        if (!digit) {
            return std::nullopt;
        }
        bytes[nibble / 2] = bytes[nibble / 2] << 4U | std::byte{*digit};
        ++nibble;
    }
    return bytes;
}

std::optional<std::vector<std::byte>> parse_base64(std::string_view digits, std::size_t bytes_max) {
    for (int i = 0; i < 2 && !digits.empty() && digits.back() == '='; ++i) {
        digits.remove_suffix(1);
    }
    if (digits.empty() || digits.size() % 4 == 1 || digits.size() * 3 / 4 > bytes_max) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes;
    bytes.reserve(digits.size() * 3 / 4);
    std::uint32_t held = 0;
    unsigned held_bits = 0;
    for (const char c : digits) {
        const auto digit = base64_digit(c);
        if (!digit) {
            return std::nullopt;
        }
        held = held << 6U | *digit;
        held_bits += 6;
        if (held_bits >= 8) {
            held_bits -= 8;
            bytes.push_back(static_cast<std::byte>(held >> held_bits & 0xFFU));
        }
    }
    return bytes;
}

} // namespace

std::optional<std::vector<TextPair>> parse_text(Bytes text, const TextLimits& limits) {
    std::vector<TextPair> pairs;
    std::string_view rest(reinterpret_cast<const char*>(text.data()), text.size());
    while (!rest.empty()) {
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) {
            return std::nullopt; // The last pair is not closed.
        }
        if (end > 0) {
            const auto pair = parse_pair(rest.substr(0, end), limits);
            if (!pair || pairs.size() == limits.pairs) {
                return std::nullopt;
            }
            pairs.push_back(*pair);
        }
        rest.remove_prefix(end + 1);
    }
    return pairs;
}

void append_text(std::string& text, std::string_view key, std::string_view value) {
    text.append(key).append(1, '=').append(value).append(1, '\0');
}

std::optional<std::uint64_t> parse_number(std::string_view value) noexcept {
    int base = 10;
    if (value.size() > 2 && value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
        base = 16;
        value.remove_prefix(2);
    }
    std::uint64_t number = 0;
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, number, base);
    if (value.empty() || error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::vector<std::byte>> parse_binary(std::string_view value, std::size_t bytes_max) {
    if (value.size() < 3 || value[0] != '0') {
        return std::nullopt;
    }
    const char kind = static_cast<char>(value[1] | 0x20);
    const std::string_view digits = value.substr(2);
    if (kind == 'x') {
        return parse_hex(digits, bytes_max);
    }
    return kind == 'b' ? parse_base64(digits, bytes_max) : std::nullopt;
}

std::string hex_binary(Bytes bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "0x";
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<unsigned>(byte) >> 4U];
        text += digits[std::to_integer<unsigned>(byte) & 0xFU];
    }
    return text;
}

bool list_offers(std::string_view list, std::string_view value) noexcept {
    while (true) {
        const std::size_t comma = list.find(',');
        if (list.substr(0, comma) == value) {
            return true;
        }
        if (comma == std::string_view::npos) {
            return false;
        }
        list.remove_prefix(comma + 1);
    }
}

} // namespace drivers::wire::iscsi
