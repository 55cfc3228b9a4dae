// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/text_table.h"

#include "profiles/file_error.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace bench::exchange {

namespace {
constexpr std::string_view blanks = " \t\r";
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> out;
    for (std::size_t at = line.find_first_not_of(blanks); at != std::string_view::npos;) {
        const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
        out.emplace_back(line.substr(at, end - at));
        at = line.find_first_not_of(blanks, end);
    }
    return out;
}

std::optional<std::vector<std::string>> cells_of(std::string_view line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (const char letter : line) {
        if (letter == '"') {
            quoted = !quoted;
        } else if (letter == ',' && !quoted) {
            out.emplace_back();
        } else if (letter != '\r') {
            out.back() += letter;
        }
    }
    return quoted ? std::nullopt : std::optional(std::move(out));
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return out;
}

TextTable::TextTable(std::string file, std::vector<std::string> names)
    : file_(std::move(file))
    , width_(names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string name = lower(names[i]);
        if (!columns_.emplace(name, i).second) {
            twice_.insert(name);
        }
    }
}

void TextTable::row(std::size_t line, std::vector<std::string> cells) {
    line_ = line;
    cells_ = std::move(cells);
    if (cells_.size() != width_) {
        fail(fmt::format("{} cells, as the first row has, not {}{}",
                         width_,
                         cells_.size(),
                         cells_.size() < width_ ? ": the row is cut" : ""));
    }
}

void TextTable::fail(const std::string& wanted) const {
    throw profiles::FileError(fmt::format("{}:{}: wanted {}", file_, line_, wanted));
}

std::string TextTable::text(const std::string& name) const {
    if (twice_.count(name) > 0) {
        fail(fmt::format("one column {}, not several", name));
    }
    const auto found = columns_.find(name);
    return found != columns_.end() && found->second < cells_.size() ? cells_[found->second] : "";
}

std::optional<double> TextTable::number(const std::string& name) const {
    const std::string cell = text(name);
    if (cell.empty() || lower(cell) == "n/a") {
        return std::nullopt;
    }
    double out = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
    constexpr double most = 1e15;
    if (error != std::errc{} || end != cell.data() + cell.size() || !(out >= 0 && out <= most)) {
        fail(fmt::format("a number from 0 to 1e15 as {}, not \"{}\"", name, cell.substr(0, 40)));
    }
    return out;
}

std::optional<double> TextTable::mean(const std::string& name) const {
    return lower(text(name)) == "nan" ? std::nullopt : number(name);
}

double TextTable::last_digit(const std::string& name) const {
    const std::string cell = text(name);
    const std::size_t point = cell.find('.');
    return point == std::string::npos
               ? 1
               : std::pow(10,
                          -static_cast<double>(std::min<std::size_t>(cell.size() - point - 1, 9)));
}

double TextTable::required(const std::string& name) const {
    const auto out = number(name);
    if (!out) {
        fail(fmt::format("a number as {}", name));
    }
    return *out;
}

} // namespace bench::exchange
