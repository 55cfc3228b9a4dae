// SPDX-License-Identifier: Apache-2.0
// Zeek's two ways of writing a log: https://docs.zeek.org/en/master/log-formats.html
#include "bench/egress/zeek_log_file.h"

#include "drivers/wire/foreign_json_file.h"
#include "profiles/file_error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace bench::egress {

namespace {

constexpr std::size_t line_bytes_max = 1U << 20U;
constexpr std::size_t columns_max = 1000;

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size() && out.size() < columns_max;) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

int hex_value(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    const char folded = static_cast<char>(letter | 0x20);
    return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

std::optional<std::string> text_of(const nlohmann::json& value) {
    if (value.is_null()) {
        return std::nullopt;
    }
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_array()) {
        std::string out;
        for (const auto& item : value) {
            out += (out.empty() ? "" : ",") +
                   (item.is_string() ? item.get<std::string>() : item.dump());
        }
        return out;
    }
    if (value.is_number_float()) {
        return fmt::format("{:.9f}", value.get<double>());
    }
    return value.dump();
}

} // namespace

ZeekLog::ZeekLog(std::istream& in,
                 std::string name,
                 const std::vector<std::string>& fields,
                 std::size_t required)
    : in_(in)
    , name_(std::move(name))
    , fields_(fields)
    , columns_(fields.size(), std::string::npos) {
    bool has_fields = false;
    while (!first_pending_ && read_line()) {
        if (!line_.empty() && line_[0] == '#') {
            has_fields = has_fields || line_.rfind("#fields", 0) == 0;
            read_header_line();
        } else if (!line_.empty()) {
            first_pending_ = true;
        }
    }
    json_ = first_pending_ && line_[0] == '{';
    if (json_) {
        return;
    }
    if (!has_fields) {
        throw profiles::FileError(
            fmt::format("{}: wanted a Zeek log: a \"#fields\" line, or JSON lines", name_));
    }
    for (std::size_t i = 0; i < required; ++i) {
        if (columns_[i] == std::string::npos) {
            throw profiles::FileError(
                fmt::format("{}: #fields: wanted a column \"{}\"", name_, fields_[i]));
        }
    }
}

bool ZeekLog::read_line() {
    line_.clear();
    for (int letter = in_.get(); letter != std::char_traits<char>::eof(); letter = in_.get()) {
        if (letter == '\n') {
            return true;
        }
        if (line_.size() < line_bytes_max) {
            line_ += static_cast<char>(letter);
        }
    }
    return !line_.empty();
}

void ZeekLog::read_header_line() {
    const auto rest = [this](std::string_view key) -> std::optional<std::string> {
        if (line_.rfind(key, 0) != 0 || line_.size() <= key.size()) {
            return std::nullopt;
        }
        return line_.substr(key.size() + 1);
    };
    if (const auto text = rest("#separator")) { // Written as \x09.
        const std::string one = unescaped(*text);
        separator_ = one.empty() ? '\t' : one[0];
    } else if (const auto set = rest("#set_separator")) {
        set_separator_ = *set;
    } else if (const auto unset = rest("#unset_field")) {
        unset_ = *unset;
    } else if (const auto empty = rest("#empty_field")) {
        empty_ = *empty;
    } else if (line_.rfind("#fields", 0) == 0) {
        const std::vector<std::string> names = split(line_, separator_);
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            const auto found = std::find(names.begin(), names.end(), fields_[i]);
            columns_[i] = found == names.end()
                              ? std::string::npos
                              : static_cast<std::size_t>(found - names.begin()) - 1;
        }
    }
}

std::string ZeekLog::unescaped(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' &&
            hex_value(text[i + 2]) >= 0 && hex_value(text[i + 3]) >= 0) {
            out += static_cast<char>(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool ZeekLog::tab_row(ZeekRow& out) const {
    const std::vector<std::string> values = split(line_, separator_);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        out[i].reset();
        if (columns_[i] == std::string::npos) {
            continue;
        }
        if (columns_[i] >= values.size()) {
            return false; // The line was cut.
        }
        const std::string& value = values[columns_[i]];
        if (value == empty_) {
            out[i] = "";
        } else if (value != unset_) {
            out[i] = unescaped(value);
        }
    }
    return true;
}

bool ZeekLog::json_row(ZeekRow& out) const {
    nlohmann::json parsed;
    try {
        parsed = drivers::wire::parse_foreign_json(line_);
    } catch (const drivers::wire::JsonError&) {
        return false;
    }
    if (!parsed.is_object()) {
        return false;
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const auto found = parsed.find(fields_[i]);
        out[i] = found == parsed.end() ? std::nullopt : text_of(*found);
    }
    return true;
}

bool ZeekLog::next(ZeekRow& out) {
    out.resize(fields_.size());
    while (first_pending_ || read_line()) {
        first_pending_ = false;
        if (!line_.empty() && line_.back() == '\r') {
            line_.pop_back();
        }
        if (line_.empty()) {
            continue;
        }
        if (line_[0] == '#') { // Logs put end to end have headers within.
            read_header_line();
            continue;
        }
        if (line_.size() < line_bytes_max && (json_ ? json_row(out) : tab_row(out))) {
            return true;
        }
        ++bad_lines_;
    }
    return false;
}

bool looks_like_zeek(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string head(8, '\0');
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(in.gcount()));
    return head.rfind("#separat", 0) == 0 || head.rfind("#fields", 0) == 0 ||
           head.rfind("{\"", 0) == 0;
}

} // namespace bench::egress
