// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench::exchange {

// What a file says as a whole number, kept to what every reader of JSON keeps: files lie.
template <typename Whole>
Whole whole_from(double value) noexcept {
    constexpr double most = 9007199254740992; // 2^53
    if (!(value > 0)) {
        return 0;
    }
    return static_cast<Whole>(value < most ? value : most);
}

// A line cut at blanks, or at commas with quotes understood; lower case where names are compared.
std::vector<std::string> words_of(std::string_view line);
std::vector<std::string> cells_of(std::string_view line);
std::string lower(std::string_view text);

// Rows of a stranger's table, asked by the names of its first row. Numbers that are none, and
// columns that are not there, are told apart: none, or FileError with file and line.
class TextTable {
public:
    TextTable(std::string file, std::vector<std::string> names);

    void row(std::size_t line, std::vector<std::string> cells); // Makes it the current one.
    bool has(const std::string& name) const { return columns_.count(name) > 0; }
    std::string text(const std::string& name) const; // Empty: no such cell.
    std::optional<double>
    number(const std::string& name) const; // None: empty, "n/a", no such column.
    double required(const std::string& name) const;
    std::size_t width() const noexcept { return columns_.size(); }
    [[noreturn]] void fail(const std::string& wanted) const;

private:
    std::string file_;
    std::map<std::string, std::size_t> columns_;
    std::vector<std::string> cells_;
    std::size_t line_ = 0;
};

} // namespace bench::exchange
