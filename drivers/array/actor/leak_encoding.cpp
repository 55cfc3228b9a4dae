// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/leak_encoding.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <lz4frame.h>
#include <string>

namespace drivers::array {

namespace {

using Octets = std::vector<std::byte>;
using View = std::span<const std::byte>;

constexpr std::array<std::string_view, leak_encoding_count> names{
    "raw",       "reversed", "utf16le", "utf16be", "hex",  "hex_upper", "base64",
    "base64url", "base32",   "base85",  "url",     "json", "xor",       "swapped2",
    "swapped4",  "swapped8", "gzip",    "zlib",    "zstd", "lz4"};

constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base32_letters = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view lower_digits = "0123456789abcdef";
constexpr std::string_view upper_digits = "0123456789ABCDEF";

unsigned value(std::byte one) {
    return std::to_integer<unsigned>(one);
}

Octets octets_of(std::string_view text) {
    Octets out(text.size());
    std::transform(text.begin(), text.end(), out.begin(), [](char letter) {
        return static_cast<std::byte>(letter);
    });
    return out;
}

std::string hex(View bytes, std::string_view digits) {
    std::string out;
    for (const std::byte one : bytes) {
        out += digits[value(one) >> 4U];
        out += digits[value(one) & 15U];
    }
    return out;
}

// RFC 4648: `bits` of each group of input make a letter; the last one is filled up with zeros.
std::string grouped(View bytes, std::string_view letters, unsigned bits) {
    std::string out;
    unsigned held = 0;
    unsigned held_bits = 0;
    for (const std::byte one : bytes) {
        held = (held << 8U | value(one)) & 0xFFFFU;
        held_bits += 8;
        while (held_bits >= bits) {
            held_bits -= bits;
            out += letters[held >> held_bits & ((1U << bits) - 1U)];
        }
    }
    if (held_bits > 0) {
        out += letters[held << (bits - held_bits) & ((1U << bits) - 1U)];
    }
    return out;
}

std::string padded(std::string text, std::size_t multiple) {
    while (text.size() % multiple != 0) {
        text += '=';
    }
    return text;
}

std::string base85(View bytes) {
    constexpr std::uint32_t base = 85;
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 4) {
        const std::size_t count = std::min<std::size_t>(4, bytes.size() - at);
        std::uint32_t word = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            word = word << 8U | (i < count ? value(bytes[at + i]) : 0U);
        }
        if (word == 0 && count == 4) {
            out += 'z';
            continue;
        }
        std::string group(5, '!');
        for (std::size_t i = 5; i-- > 0; word /= base) {
            group[i] = static_cast<char>('!' + word % base);
        }
        out += group.substr(0, count + 1);
    }
    return out;
}

bool is_plain(std::byte one) {
    const char letter = static_cast<char>(one);
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' ||
           letter == '~';
}

std::string escaped(View bytes, std::string_view before, std::string_view digits) {
    std::string out;
    for (const std::byte one : bytes) {
        if (is_plain(one)) {
            out += static_cast<char>(one);
        } else {
            out += before;
            out += digits[value(one) >> 4U];
            out += digits[value(one) & 15U];
        }
    }
    return out;
}

Octets wide(View bytes, bool little_endian) {
    Octets out;
    for (const std::byte one : bytes) {
        out.push_back(little_endian ? one : std::byte{0});
        out.push_back(little_endian ? std::byte{0} : one);
    }
    return out;
}

Octets swapped(View bytes, std::size_t word) {
    Octets out(bytes.begin(), bytes.end());
    out.resize((out.size() + word - 1) / word * word);
    for (std::size_t at = 0; at < out.size(); at += word) {
        std::reverse(out.begin() + static_cast<std::ptrdiff_t>(at),
                     out.begin() + static_cast<std::ptrdiff_t>(at + word));
    }
    return out;
}

Octets deflated(View bytes, int window_bits) {
    constexpr int memory_level = 8;
    z_stream stream{};
    if (deflateInit2(&stream,
                     Z_DEFAULT_COMPRESSION,
                     Z_DEFLATED,
                     window_bits,
                     memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return {};
    }
    Octets out(deflateBound(&stream, bytes.size()));
    Octets in(bytes.begin(), bytes.end()); // zlib's pointers are not to const.
    stream.next_in =
        reinterpret_cast<Bytef*>( // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
            in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out =
        reinterpret_cast<Bytef*>( // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
            out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Octets zstandard(View bytes) {
    constexpr int level = 3;
    Octets out(ZSTD_compressBound(bytes.size()));
    const std::size_t size =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    out.resize(ZSTD_isError(size) != 0U ? 0 : size);
    return out;
}

Octets lz4_frame(View bytes) {
    Octets out(LZ4F_compressFrameBound(bytes.size(), nullptr));
    const std::size_t size =
        LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), nullptr);
    out.resize(LZ4F_isError(size) != 0U ? 0 : size);
    return out;
}

} // namespace

std::string_view leak_encoding_name(LeakEncoding encoding) noexcept {
    return names[static_cast<std::size_t>(encoding)];
}

std::optional<LeakEncoding> leak_encoding_named(std::string_view name) noexcept {
    const auto* const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<LeakEncoding>(found - names.begin());
}

std::vector<std::byte>
encode_leak(LeakEncoding encoding, std::span<const std::byte> bytes, std::uint8_t key) {
    constexpr int zlib_window = 15;
    constexpr int gzip_window = 15 + 16;
    Octets out(bytes.begin(), bytes.end());
    switch (encoding) {
    case LeakEncoding::raw:
        break;
    case LeakEncoding::reversed:
        std::reverse(out.begin(), out.end());
        break;
    case LeakEncoding::utf16le:
    case LeakEncoding::utf16be:
        return wide(bytes, encoding == LeakEncoding::utf16le);
    case LeakEncoding::hex_lower:
        return octets_of(hex(bytes, lower_digits));
    case LeakEncoding::hex_upper:
        return octets_of(hex(bytes, upper_digits));
    case LeakEncoding::base64:
        return octets_of(padded(grouped(bytes, base64_letters, 6), 4));
    case LeakEncoding::base64url:
        return octets_of(grouped(bytes, base64url_letters, 6));
    case LeakEncoding::base32:
        return octets_of(grouped(bytes, base32_letters, 5));
    case LeakEncoding::base85:
        return octets_of(base85(bytes));
    case LeakEncoding::url:
        return octets_of(escaped(bytes, "%", upper_digits));
    case LeakEncoding::json:
        return octets_of(escaped(bytes, "\\u00", lower_digits));
    case LeakEncoding::xor_byte:
        std::transform(out.begin(), out.end(), out.begin(), [key](std::byte one) {
            return one ^ std::byte{key};
        });
        break;
    case LeakEncoding::swapped2:
        return swapped(bytes, 2);
    case LeakEncoding::swapped4:
        return swapped(bytes, 4);
    case LeakEncoding::swapped8:
        return swapped(bytes, 8);
    case LeakEncoding::gzip:
        return deflated(bytes, gzip_window);
    case LeakEncoding::zlib:
        return deflated(bytes, zlib_window);
    case LeakEncoding::zstd:
        return zstandard(bytes);
    case LeakEncoding::lz4:
        return lz4_frame(bytes);
    }
    return out;
}

} // namespace drivers::array
