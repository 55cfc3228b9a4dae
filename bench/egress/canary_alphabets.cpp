// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_alphabets.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::egress {

namespace {

constexpr std::string_view upper = "0123456789ABCDEF";
constexpr std::string_view lower = "0123456789abcdef";

const Alphabet hex{4, lower, {}};
const Alphabet hex_upper{4, upper, {}};
const Alphabet base64{6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_"};
const Alphabet base32{5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", {}};
const Alphabet base32_lower{5, "abcdefghijklmnopqrstuvwxyz234567", {}};
const Alphabet base32hex{5, "0123456789ABCDEFGHIJKLMNOPQRSTUV", {}};
const Alphabet base32hex_lower{5, "0123456789abcdefghijklmnopqrstuv", {}};
const Alphabet base32_digits_last{5, "abcdefghijklmnopqrstuvwxyz012345", {}};

constexpr std::string_view ascii85 = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "[\\]^_`abcdefghijklmnopqrstu";
constexpr std::string_view base85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "!#$%&()*+-;<=>?@^_`{|}~";
constexpr std::string_view z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 ".-:+=^!/*?&<>()[]{}@%$#"; // ZeroMQ RFC 32

std::string write_bits(const Alphabet& alphabet, Bytes data) {
    std::string out;
    for (std::size_t bit = 0; bit < 8 * data.size(); bit += alphabet.bits) {
        unsigned digit = 0;
        for (std::size_t i = bit; i < bit + alphabet.bits; ++i) {
            const unsigned value =
                i / 8 < data.size() ? std::to_integer<unsigned>(data[i / 8]) >> (7 - i % 8) : 0U;
            digit = digit << 1U | (value & 1U);
        }
        out += alphabet.letters[digit];
    }
    return out;
}

std::string write_85(Codec codec, Bytes data) {
    std::string out;
    for (std::size_t at = 0; at < data.size(); at += 4) {
        std::uint32_t group = 0;
        for (std::size_t i = at; i < at + 4; ++i) {
            group = group << 8U | (i < data.size() ? std::to_integer<std::uint32_t>(data[i]) : 0U);
        }
        if (group == 0 && codec == Codec::ascii85 && at + 4 <= data.size()) {
            out += 'z';
            continue;
        }
        std::string letters(5, ' ');
        for (std::size_t i = 5; i-- > 0; group /= 85) {
            letters[i] = letters_85(codec)[group % 85];
        }
        out += letters;
    }
    return out;
}

bool is_unreserved(unsigned value) { // RFC 3986 section 2.3
    return (value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z') ||
           (value >= 'a' && value <= 'z') || value == '-' || value == '.' || value == '_' ||
           value == '~';
}

std::string percent_byte(unsigned value, bool all, bool low) {
    if (!all && is_unreserved(value)) {
        return {static_cast<char>(value)};
    }
    return low ? fmt::format("%{:02x}", value) : fmt::format("%{:02X}", value);
}

std::string utf8_byte(unsigned value) {
    if (value < 0x80) {
        return {static_cast<char>(value)};
    }
    return {static_cast<char>(0xC0U | value >> 6U), static_cast<char>(0x80U | (value & 0x3FU))};
}

std::string json_byte(Wrapper wrapper, unsigned value) {
    if (wrapper == Wrapper::json_all) {
        return fmt::format("\\u{:04x}", value);
    }
    if (value == '"' || value == '\\') {
        return {'\\', static_cast<char>(value)};
    }
    if (value >= 0x20 && value < 0x7F) {
        return {static_cast<char>(value)};
    }
    if (value >= 0x80 && wrapper == Wrapper::json_utf8) {
        return utf8_byte(value);
    }
    return wrapper == Wrapper::json_upper ? fmt::format("\\u{:04X}", value)
                                          : fmt::format("\\u{:04x}", value);
}

std::string c_byte(unsigned value) {
    if (value == '\\') {
        return "\\\\";
    }
    return value >= 0x20 && value < 0x7F ? std::string(1, static_cast<char>(value))
                                         : fmt::format("\\x{:02x}", value);
}

std::string wrapped_byte(Wrapper wrapper, unsigned value) {
    const auto letter = static_cast<char>(value);
    switch (wrapper) {
    case Wrapper::utf16le:
        return {letter, '\0'};
    case Wrapper::utf16be:
        return {'\0', letter};
    case Wrapper::utf8:
        return utf8_byte(value);
    case Wrapper::percent:
    case Wrapper::percent_lower:
        return percent_byte(value, false, wrapper == Wrapper::percent_lower);
    case Wrapper::percent_all:
    case Wrapper::percent_all_lower:
        return percent_byte(value, true, wrapper == Wrapper::percent_all_lower);
    case Wrapper::json:
    case Wrapper::json_upper:
    case Wrapper::json_utf8:
    case Wrapper::json_all:
        return json_byte(wrapper, value);
    case Wrapper::c_escapes:
        return c_byte(value);
    default:
        return {letter};
    }
}

int hex_digit(int letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    const int folded = letter | 0x20;
    return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

} // namespace

int Alphabet::digit_of(char letter) const noexcept {
    const std::size_t at = letters.find(letter);
    if (at != std::string_view::npos) {
        return static_cast<int>(at);
    }
    const std::size_t second = also.find(letter);
    return second == std::string_view::npos
               ? -1
               : static_cast<int>(letters.size() - also.size() + second);
}

const Alphabet* alphabet_of(Codec codec) noexcept {
    switch (codec) {
    case Codec::hex:
        return &hex;
    case Codec::hex_upper:
        return &hex_upper;
    case Codec::base64:
        return &base64;
    case Codec::base32:
        return &base32;
    case Codec::base32_lower:
        return &base32_lower;
    case Codec::base32hex:
        return &base32hex;
    case Codec::base32hex_lower:
        return &base32hex_lower;
    case Codec::base32_digits_last:
        return &base32_digits_last;
    default:
        return nullptr;
    }
}

std::string_view letters_85(Codec codec) noexcept {
    return codec == Codec::ascii85  ? ascii85
           : codec == Codec::base85 ? base85
           : codec == Codec::z85    ? z85
                                    : std::string_view{};
}

std::size_t swap_bytes(Codec codec) noexcept {
    return codec == Codec::swapped_2   ? 2
           : codec == Codec::swapped_4 ? 4
           : codec == Codec::swapped_8 ? 8
                                       : 1;
}

std::string written(Codec codec, Bytes data) {
    if (const Alphabet* alphabet = alphabet_of(codec); alphabet != nullptr) {
        return write_bits(*alphabet, data);
    }
    if (!letters_85(codec).empty()) {
        return write_85(codec, data);
    }
    std::string out;
    for (const std::byte value : data) {
        out += static_cast<char>(value);
    }
    const std::size_t group = codec == Codec::reversed ? out.size() : swap_bytes(codec);
    for (std::size_t at = 0; group > 0 && at + group <= out.size(); at += group) {
        const auto from = out.begin() + static_cast<std::ptrdiff_t>(at);
        std::reverse(from, from + static_cast<std::ptrdiff_t>(group));
    }
    return out;
}

std::string wrapped(Wrapper wrapper, const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += wrapped_byte(wrapper, static_cast<unsigned char>(text[i]));
        const bool pair_ends = i % 2 == 1;
        out += pair_ends && wrapper == Wrapper::spaced   ? " "
               : pair_ends && wrapper == Wrapper::colons ? ":"
                                                         : "";
    }
    return out;
}

int Unwrapper::take() noexcept {
    if (bytes_.empty()) {
        ended_ = true;
        return -1;
    }
    const auto out = std::to_integer<int>(bytes_[0]);
    bytes_ = bytes_.subspan(1);
    return out;
}

int Unwrapper::hex_pair() noexcept {
    const int high = hex_digit(take());
    const int low = hex_digit(take());
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int Unwrapper::utf8(int first) noexcept {
    if (first < 0x80) {
        return first;
    }
    const int second = take();
    return (first != 0xC2 && first != 0xC3) || second < 0x80 || second > 0xBF
               ? -1
               : (first & 3) << 6 | (second & 0x3F);
}

int Unwrapper::escape() noexcept { // RFC 8259 section 7, and C's \x
    const int letter = take();
    switch (letter) {
    case 'u':
        return hex_pair() == 0 ? hex_pair() : -1;
    case 'x':
        return hex_pair();
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

int Unwrapper::next() noexcept {
    const int first = take();
    if (first < 0) {
        return first;
    }
    switch (wrapper_) {
    case Wrapper::utf16le:
        return take() == 0 ? first : -1;
    case Wrapper::utf16be:
        return first == 0 ? take() : -1;
    case Wrapper::utf8:
        return utf8(first);
    case Wrapper::percent:
    case Wrapper::percent_lower:
    case Wrapper::percent_all:
    case Wrapper::percent_all_lower:
        return first == '%' ? hex_pair() : first == '+' ? ' ' : first;
    case Wrapper::json:
    case Wrapper::json_upper:
    case Wrapper::json_all:
    case Wrapper::c_escapes:
        return first == '\\' ? escape() : first;
    case Wrapper::json_utf8:
        return first == '\\' ? escape() : utf8(first);
    case Wrapper::spaced:
    case Wrapper::colons:
        return first == ' ' || first == ':' ? take() : first;
    default:
        return first;
    }
}

} // namespace bench::egress
