// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
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

// A line cut at blanks; lower case where names are compared.
std::vector<std::string> words_of(std::string_view line);
std::string lower(std::string_view text);

// A line cut at commas, with quotes understood; none: a quote is never closed.
std::optional<std::vector<std::string>> cells_of(std::string_view line);

// Rows of a stranger's table, asked by the names of its first row. What is no number, a column that
// is not there or there twice, and a row that is not as wide as the first, are FileErrors with file
// and line.
class TextTable {
public:
    TextTable(std::string file, std::vector<std::string> names);

    // Makes it the current one; one cell for every name.
    void row(std::size_t line, std::vector<std::string> cells);
    bool has(const std::string& name) const { return columns_.count(name) > 0; }
    std::string text(const std::string& name) const; // Empty: no such column.
    // None: empty, "n/a", no such column.
    std::optional<double> number(const std::string& name) const;
    // The same; "NaN" too, as the mean of nothing is written.
    std::optional<double> mean(const std::string& name) const;
    double last_digit(const std::string& name) const; // What it counts: 0.1 of "9.5", 1 of "9".
    double required(const std::string& name) const;
    std::size_t width() const noexcept { return width_; }
    [[noreturn]] void fail(const std::string& wanted) const;

private:
    std::string file_;
    std::map<std::string, std::size_t> columns_;
    std::set<std::string> twice_;
    std::size_t width_ = 0;
    std::vector<std::string> cells_;
    std::size_t line_ = 0;
};

} // namespace bench::exchange
