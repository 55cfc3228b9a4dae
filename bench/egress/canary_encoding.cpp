// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_encoding.h"

#include "bench/egress/canary_alphabets.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bench::egress {

namespace {

struct CodecName {
    Codec codec;
    const char* name;
    std::uint8_t alignments;
};
constexpr std::array<CodecName, 16> codecs{{{Codec::raw, "raw", 1},
                                            {Codec::reversed, "reversed", 1},
                                            {Codec::swapped_2, "byte-swapped by 2", 1},
                                            {Codec::swapped_4, "byte-swapped by 4", 1},
                                            {Codec::swapped_8, "byte-swapped by 8", 1},
                                            {Codec::hex, "hex", 1},
                                            {Codec::hex_upper, "HEX", 1},
                                            {Codec::base64, "base64", 3},
                                            {Codec::base32, "base32", 5},
                                            {Codec::base32_lower, "base32, lower case", 5},
                                            {Codec::base32hex, "base32hex", 5},
                                            {Codec::base32hex_lower, "base32hex, lower case", 5},
                                            {Codec::base32_digits_last, "base32, a-z0-5", 5},
                                            {Codec::ascii85, "ascii85", 4},
                                            {Codec::base85, "base85", 4},
                                            {Codec::z85, "Z85", 4}}};

struct WrapperName {
    Wrapper wrapper;
    const char* name;
};
constexpr std::array<WrapperName, 15> wrappers{
    {{Wrapper::none, ""},
     {Wrapper::utf16le, "UTF-16"},
     {Wrapper::utf16be, "UTF-16"},
     {Wrapper::utf8, "UTF-8"},
     {Wrapper::percent, "percent"},
     {Wrapper::percent_lower, "percent, lower case"},
     {Wrapper::percent_all, "percent throughout"},
     {Wrapper::percent_all_lower, "percent throughout, lower case"},
     {Wrapper::json, "JSON escapes"},
     {Wrapper::json_upper, "JSON escapes, upper case"},
     {Wrapper::json_utf8, "JSON in UTF-8"},
     {Wrapper::json_all, "JSON escapes throughout"},
     {Wrapper::c_escapes, "C escapes"},
     {Wrapper::spaced, "spaces between"},
     {Wrapper::colons, "colons between"}}};

void add_all(std::vector<Encoding>& out, Codec codec, Wrapper wrapper) {
    for (const CodecName& known : codecs) {
        for (std::uint8_t i = 0; known.codec == codec && i < known.alignments; ++i) {
            out.push_back({codec, wrapper, i});
        }
    }
}

constexpr std::size_t marker_bits = 8 * integrity::canary_marker_bytes;
constexpr std::size_t token_bits = 8 * integrity::canary_token_bytes;

// Bits of the token before the first character that is wholly its own.
std::size_t first_bit(const Encoding& encoding, unsigned bits) {
    const std::size_t over = 8U * encoding.alignment % bits;
    return over == 0 ? 0 : bits - over;
}

std::size_t first_group_byte(const Encoding& encoding) {
    return (4U - encoding.alignment) % 4U;
}

void set_bit(integrity::CanaryToken& token, std::size_t bit, unsigned value) {
    const auto mask = static_cast<std::byte>(0x80U >> bit % 8);
    token[bit / 8] = value != 0 ? token[bit / 8] | mask : token[bit / 8] & ~mask;
}

// '+' and '/' of base64 may be written %2B and %2F in a form, and \/ in JSON.
int next_letter(Unwrapper& text) {
    const int letter = text.next();
    if (letter == '\\') {
        const int escaped = text.next();
        return escaped == 'n' || escaped == 'r' ? '\n' : escaped;
    }
    if (letter != '%') {
        return letter;
    }
    return text.hex_pair();
}

DecodedToken decode_bits(const Encoding& encoding,
                         const Alphabet& alphabet,
                         integrity::CanaryToken token,
                         Unwrapper text) {
    DecodedToken out;
    for (std::size_t bit = first_bit(encoding, alphabet.bits); bit < token_bits;) {
        const int letter = next_letter(text);
        if (letter < 0) {
            out.cut = text.ended();
            return out;
        }
        if (letter == '\r' || letter == '\n' || letter == ' ' || letter == '\t' || letter == '.') {
            continue; // Lines are folded, names have dots.
        }
        const int digit = alphabet.digit_of(static_cast<char>(letter));
        if (digit < 0) {
            return out;
        }
        out.url_safe = out.url_safe || letter == '-' || letter == '_';
        for (unsigned i = alphabet.bits; i-- > 0 && bit < token_bits; ++bit) {
            if (bit >= marker_bits) {
                set_bit(token, bit, static_cast<unsigned>(digit) >> i & 1U);
            }
        }
    }
    out.token = token;
    return out;
}

DecodedToken decode_85(const Encoding& encoding, integrity::CanaryToken token, Unwrapper text) {
    DecodedToken out;
    const std::string_view letters = letters_85(encoding.codec);
    std::size_t at = first_group_byte(encoding);
    while (at < token.size()) {
        std::uint64_t group = 0;
        for (int i = 0; i < 5;) {
            const int letter = text.next();
            if (letter < 0) {
                out.cut = text.ended();
                return out;
            }
            if (letter == '\r' || letter == '\n') {
                continue;
            }
            if (letter == 'z' && i == 0 && encoding.codec == Codec::ascii85) {
                break; // Four zero bytes
            }
            const std::size_t digit = letters.find(static_cast<char>(letter));
            if (digit == std::string_view::npos) {
                return out;
            }
            group = group * 85 + digit;
            ++i;
        }
        for (unsigned i = 0; i < 4 && at < token.size(); ++i, ++at) {
            token[at] = static_cast<std::byte>(group >> (24 - 8 * i) & 0xFFU);
        }
    }
    out.token = token;
    return out;
}

DecodedToken decode_plain(integrity::CanaryToken token, Unwrapper text) {
    DecodedToken out;
    for (std::byte& value : token) {
        const int letter = text.next();
        if (letter < 0) {
            out.cut = text.ended();
            return out;
        }
        value = static_cast<std::byte>(letter);
    }
    out.token = token;
    return out;
}

} // namespace

std::string name_of(const Encoding& encoding) {
    const auto* codec = std::find_if(codecs.begin(), codecs.end(), [&](const CodecName& known) {
        return known.codec == encoding.codec;
    });
    const auto* wrapper =
        std::find_if(wrappers.begin(), wrappers.end(), [&](const WrapperName& known) {
            return known.wrapper == encoding.wrapper;
        });
    const std::string wrapped = wrapper->name;
    if (wrapped.empty()) {
        return codec->name;
    }
    return encoding.codec == Codec::raw ? wrapped : fmt::format("{} in {}", codec->name, wrapped);
}

std::vector<Encoding> all_encodings() {
    std::vector<Encoding> out;
    for (const CodecName& known : codecs) {
        add_all(out, known.codec, Wrapper::none);
    }
    for (std::size_t i = 1; i < wrappers.size(); ++i) {
        if (wrappers[i].wrapper != Wrapper::spaced && wrappers[i].wrapper != Wrapper::colons) {
            add_all(out, Codec::raw, wrappers[i].wrapper);
        }
    }
    for (const Codec codec : {Codec::hex, Codec::hex_upper, Codec::base64}) {
        add_all(out, codec, Wrapper::utf16le);
        add_all(out, codec, Wrapper::utf16be);
    }
    for (const Codec codec : {Codec::hex, Codec::hex_upper}) {
        add_all(out, codec, Wrapper::spaced);
        add_all(out, codec, Wrapper::colons);
    }
    return out;
}

std::string encoded(const Encoding& encoding, Bytes data) {
    std::vector<std::byte> all(encoding.alignment);
    all.insert(all.end(), data.begin(), data.end());
    return wrapped(encoding.wrapper, written(encoding.codec, all));
}

std::string pattern_of(const Encoding& encoding, const integrity::CanaryMarker& marker) {
    std::vector<std::byte> all(encoding.alignment);
    all.insert(all.end(), marker.begin(), marker.end());
    std::string text = written(encoding.codec, all);
    if (const Alphabet* alphabet = alphabet_of(encoding.codec); alphabet != nullptr) {
        const std::size_t from = (8U * encoding.alignment + alphabet->bits - 1) / alphabet->bits;
        text =
            text.substr(from, (marker_bits - first_bit(encoding, alphabet->bits)) / alphabet->bits);
    } else if (!letters_85(encoding.codec).empty()) {
        const std::size_t groups = (marker.size() - first_group_byte(encoding)) / 4;
        text = text.substr(encoding.alignment == 0 ? 0 : 5, 5 * groups);
    }
    std::string out = wrapped(encoding.wrapper, text);
    if (encoding.wrapper == Wrapper::spaced || encoding.wrapper == Wrapper::colons) {
        out.pop_back(); // Of the last separator nothing is known.
    }
    return out;
}

DecodedToken decode_token(const Encoding& encoding,
                          const integrity::CanaryMarker& marker,
                          Bytes all,
                          std::size_t pattern_at) {
    integrity::CanaryToken token{};
    std::copy(marker.begin(), marker.end(), token.begin());
    if (encoding.codec == Codec::reversed) {
        constexpr std::size_t before = integrity::canary_token_bytes - marker_bits / 8;
        if (pattern_at < before) {
            return {};
        }
        const Bytes behind = all.subspan(pattern_at - before, token.size());
        std::copy(behind.rbegin(), behind.rend(), token.begin());
        return {token, false, false};
    }
    const Unwrapper text(encoding.wrapper, all.subspan(pattern_at));
    if (const Alphabet* alphabet = alphabet_of(encoding.codec); alphabet != nullptr) {
        return decode_bits(encoding, *alphabet, token, text);
    }
    if (!letters_85(encoding.codec).empty()) {
        return decode_85(encoding, token, text);
    }
    DecodedToken out = decode_plain(token, text);
    if (const std::size_t group = swap_bytes(encoding.codec); out.token && group > 1) {
        for (std::size_t at = 0; at < token.size(); at += group) {
            const auto from = out.token->begin() + static_cast<std::ptrdiff_t>(at);
            std::reverse(from, from + static_cast<std::ptrdiff_t>(group));
        }
    }
    return out;
}

} // namespace bench::egress
