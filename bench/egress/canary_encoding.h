// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/canary_token.h"
#include "drivers/wire/cursor.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench::egress {

using drivers::wire::Bytes;

// How bytes are written as other bytes.
enum class Codec : std::uint8_t {
    raw,
    reversed,
    swapped_2,
    swapped_4,
    swapped_8,
    hex,
    hex_upper,
    base64, // With either alphabet of RFC 4648.
    base32,
    base32_lower,
    base32hex,
    base32hex_lower,
    base32_digits_last, // a-z, then 0-5
    ascii85,
    base85, // The alphabet of RFC 1924, as git and Python write it.
    z85
};

// How those are then carried in text.
enum class Wrapper : std::uint8_t {
    none,
    utf16le,
    utf16be,
    utf8, // Each byte a character of Latin-1
    percent,
    percent_lower,
    percent_all, // Letters and digits too
    percent_all_lower,
    json, // Beyond ASCII as \u00e9
    json_upper,
    json_utf8, // Beyond ASCII as UTF-8
    json_all,  // Every byte as \u00XX
    c_escapes, // \xe9
    spaced,    // Two digits, a space
    colons
};

struct Encoding {
    Codec codec = Codec::raw;
    Wrapper wrapper = Wrapper::none;
    std::uint8_t alignment = 0; // Bytes before the token in the codec's group
};

std::string name_of(const Encoding& encoding);

// Every encoding that is searched for, each alignment by itself.
std::vector<Encoding> all_encodings();

// `data` as somebody would write it, `encoding.alignment` zero bytes before it.
std::string encoded(const Encoding& encoding, Bytes data);

// The stretch of an encoded token that depends on its marker alone.
std::string pattern_of(const Encoding& encoding, const integrity::CanaryMarker& marker);

// A token read back from around its pattern.
struct DecodedToken {
    std::optional<integrity::CanaryToken> token;
    bool cut = false;      // The bytes end before the token does.
    bool url_safe = false; // Base64 with '-' or '_'
};
DecodedToken decode_token(const Encoding& encoding,
                          const integrity::CanaryMarker& marker,
                          Bytes all,
                          std::size_t pattern_at);

// Of the longest writing of a token, and so what must be kept of a stream for its next piece.
inline constexpr std::size_t encoded_token_bytes_max = 512;

} // namespace bench::egress
