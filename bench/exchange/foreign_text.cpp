// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_text.h"

#include "profiles/file_error.h"

#include <cstdint>
#include <fmt/format.h>

namespace bench::exchange {

namespace {

[[noreturn]] void fail(const std::string& name, std::size_t byte, const char* wanted) {
    throw profiles::FileError(fmt::format("{}: byte {}: wanted {}", name, byte, wanted));
}

void add_utf8(std::uint32_t code, std::string& out) {
    const auto low = [&](unsigned shift) {
        out += static_cast<char>(0x80U | (code >> shift & 0x3FU));
    };
    if (code < 0x80U) {
        out += static_cast<char>(code);
    } else if (code < 0x800U) {
        out += static_cast<char>(0xC0U | code >> 6U);
        low(0);
    } else if (code < 0x10000U) {
        out += static_cast<char>(0xE0U | code >> 12U);
        low(6);
        low(0);
    } else {
        out += static_cast<char>(0xF0U | code >> 18U);
        low(12);
        low(6);
        low(0);
    }
}

// The Unicode Standard, D91: a pair of surrogates is one character.
std::string from_utf16(std::string_view bytes, bool big, const std::string& name) {
    const auto unit = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        const auto second = static_cast<unsigned char>(bytes[at + 1]);
        return static_cast<std::uint32_t>(big ? first << 8U | second : second << 8U | first);
    };
    const auto is_within = [](std::uint32_t code, std::uint32_t from) {
        return code >= from && code < from + 0x400U;
    };
    if (bytes.size() % 2 != 0) {
        fail(name, bytes.size(), "whole characters of UTF-16: the file is cut");
    }
    std::string out;
    out.reserve(bytes.size() / 2);
    for (std::size_t at = 2; at < bytes.size(); at += 2) {
        std::uint32_t code = unit(at);
        if (is_within(code, 0xD800U) && at + 2 < bytes.size() && is_within(unit(at + 2), 0xDC00U)) {
            at += 2;
            code = 0x10000U + ((code - 0xD800U) << 10U) + (unit(at) - 0xDC00U);
        } else if (is_within(code, 0xD800U) || is_within(code, 0xDC00U)) {
            fail(name, at, "both halves of a character of UTF-16");
        }
        add_utf8(code, out);
    }
    return out;
}

} // namespace

std::string plain_text(std::string_view bytes, const std::string& name) {
    std::string out;
    if (bytes.starts_with("\xEF\xBB\xBF")) {
        out = bytes.substr(3);
    } else if (bytes.starts_with("\xFF\xFE")) {
        out = from_utf16(bytes, false, name);
    } else if (bytes.starts_with("\xFE\xFF")) {
        out = from_utf16(bytes, true, name);
    } else {
        out = bytes;
    }
    if (const std::size_t zero = out.find('\0'); zero != std::string::npos) {
        fail(name, zero, "text; there is a zero byte");
    }
    return out;
}

} // namespace bench::exchange
