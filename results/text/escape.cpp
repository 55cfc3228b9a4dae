// SPDX-License-Identifier: Apache-2.0
#include "results/text/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <utility>

namespace results::text {

namespace {

constexpr const char* replacement = "\xEF\xBF\xBD"; // U+FFFD

struct Decoded {
    std::uint32_t point = 0;
    std::size_t bytes = 0; // 0: not a well-formed sequence.
};

std::uint32_t byte_at(std::string_view in, std::size_t at) {
    return static_cast<unsigned char>(in[at]);
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
Decoded decode(std::string_view in, std::size_t at) {
    const std::uint32_t first = byte_at(in, at);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    constexpr std::array<std::uint32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xC2 || first > 0xF4 || at + length > in.size()) {
        return {};
    }
    std::uint32_t point = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const std::uint32_t next = byte_at(in, at + i);
        if ((next & 0xC0U) != 0x80U) {
            return {};
        }
        point = (point << 6U) | (next & 0x3FU);
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (point < smallest.at(length) || point > 0x10FFFF || surrogate) {
        return {};
    }
    return {point, length};
}

bool turns_or_hides(std::uint32_t point) {
    constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 8> ranges = {{
        {0x00AD, 0x00AD}, // Soft hyphen.
        {0x061C, 0x061C}, // Arabic letter mark.
        {0x200B, 0x200F}, // Zero width, direction marks.
        {0x2028, 0x202E}, // Line and paragraph separators, embeddings, overrides.
        {0x2060, 0x206F}, // Joiners, isolates.
        {0xFEFF, 0xFEFF}, // Byte order mark.
        {0xFFF9, 0xFFFF}, // Annotations, not characters.
        {0xE0000, 0xE0FFF},
    }};
    for (const auto& [low, high] : ranges) {
        if (point >= low && point <= high && point != 0xFFFD) {
            return true;
        }
    }
    return false;
}

std::string picture_of(std::uint32_t control) {
    const std::uint32_t low = control == 0x7F ? 0x21 : control;
    std::string out = "\xE2\x90"; // U+2400 + code
    out += static_cast<char>(0x80U + low);
    return out;
}

std::string replaced(std::string_view in, std::string_view what, const char* const* with) {
    std::string out;
    for (const char c : in) {
        const std::size_t at = what.find(c);
        if (at == std::string_view::npos) {
            out += c;
        } else {
            out += with[at];
        }
    }
    return out;
}

} // namespace

std::string clean_text(std::string_view in) {
    std::string out;
    for (std::size_t at = 0; at < in.size();) {
        const Decoded decoded = decode(in, at);
        if (decoded.bytes == 0) {
            out += replacement;
            ++at;
            continue;
        }
        if (decoded.point < 0x20 || decoded.point == 0x7F) {
            out += picture_of(decoded.point);
        } else if (turns_or_hides(decoded.point) ||
                   (decoded.point >= 0x80 && decoded.point < 0xA0)) {
            out += fmt::format("<U+{:04X}>", decoded.point);
        } else {
            out += in.substr(at, decoded.bytes);
        }
        at += decoded.bytes;
    }
    return out;
}

std::string clean_lines(std::string_view in) {
    constexpr std::string_view kept = "\n\t";
    std::string out;
    while (!in.empty()) {
        const std::size_t end = std::min(in.find_first_of(kept), in.size());
        std::string_view piece = in.substr(0, end);
        const bool other_end = end < in.size() && in[end] == '\n' && piece.ends_with('\r');
        piece.remove_suffix(other_end ? 1 : 0); // CSV ends its lines so.
        out += clean_text(piece);
        out += other_end ? "\r" : "";
        out += in.substr(end, 1);
        in.remove_prefix(std::min(end + 1, in.size()));
    }
    return out;
}

std::string escape_html(std::string_view in) {
    constexpr std::array<const char*, 5> with = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    return replaced(clean_text(in), "&<>\"'", with.data());
}

std::string escape_markdown(std::string_view in) {
    constexpr std::array<const char*, 11> with = {
        "\\\\", "\\`", "\\*", "\\_", "\\[", "\\]", "\\|", "\\#", "&amp;", "&lt;", "&gt;"};
    return replaced(clean_text(in), "\\`*_[]|#&<>", with.data());
}

std::string csv_cell(std::string_view in) {
    std::string text = clean_text(in);
    // A spreadsheet would run what begins like a formula.
    if (!text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos) {
        text.insert(0, "'");
    }
    if (text.find_first_of(",\"") == std::string::npos) {
        return text;
    }
    constexpr std::array<const char*, 1> with = {"\"\""};
    return "\"" + replaced(text, "\"", with.data()) + "\"";
}

std::string escape_label(std::string_view in) {
    constexpr std::array<const char*, 2> with = {"\\\\", "\\\""};
    return replaced(clean_text(in), "\\\"", with.data());
}

} // namespace results::text
