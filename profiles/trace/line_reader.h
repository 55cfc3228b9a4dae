// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/trace/trace.h"

#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace profiles::trace {

// A text file of nobody we know, line by line: no line is longer than the limit, every complaint
// names file and line. What is added comes out ordered by time.
class LineReader {
public:
    LineReader(std::istream& in, std::string name);

    bool next(); // False at the end of the file.
    std::string_view line() const noexcept { return line_; }
    std::span<const std::string_view> words() const noexcept { return words_; }

    // Throws FileError: "FILE:LINE: \"LINE\": wanted WANTED".
    [[noreturn]] void fail(std::string_view wanted) const;

    // A word as a decimal number, nothing before or behind it.
    std::uint64_t whole(std::size_t word, std::uint64_t most, std::string_view wanted) const;

    std::uint16_t device(std::string_view name);
    void add(const Record& record); // Checks that it lies below the limits.
    void pass_over() noexcept { ++trace_.passed_over; }
    Trace finish();

private:
    static constexpr std::size_t line_bytes_max = 4096;

    std::istream& in_;
    std::string name_;
    std::string buffer_;
    std::string_view line_;
    std::vector<std::string_view> words_;
    std::uint64_t number_ = 0;
    Trace trace_;
};

} // namespace profiles::trace
