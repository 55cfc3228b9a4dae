// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/analysis.h"

#include <cstdint>
#include <fstream>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace bench::egress {

// A line of a Zeek log: the values of the fields that were asked for, in that order; unset fields
// are absent.
using ZeekRow = std::vector<std::optional<std::string>>;

// Reads a Zeek log, tab-separated with its "#fields" header or JSON lines. Bounded: what a line
// holds beyond 1 MiB, or that cannot be read, is passed over and counted.
class ZeekLog {
public:
    // Throws profiles::FileError if `in` is no such log, or has none of the `required` fields.
    ZeekLog(std::istream& in,
            std::string name,
            const std::vector<std::string>& fields,
            std::size_t required);

    bool next(ZeekRow& out); // False at the end.
    std::uint64_t bad_lines() const noexcept { return bad_lines_; }
    void count_bad_line() noexcept { ++bad_lines_; } // Whose values make no sense to the caller.

private:
    bool read_line();
    void read_header_line();
    bool tab_row(ZeekRow& out) const;
    bool json_row(ZeekRow& out) const;
    std::string unescaped(std::string_view text) const;

    std::istream& in_;
    std::string name_;
    std::vector<std::string> fields_;
    std::string line_;
    bool json_ = false;
    bool first_pending_ = false; // line_ holds the first line of data.
    char separator_ = '\t';
    std::string set_separator_ = ",";
    std::string unset_ = "-";
    std::string empty_ = "(empty)";
    std::vector<std::size_t> columns_; // By field; npos = not there.
    std::uint64_t bad_lines_ = 0;
};

// A log that begins like Zeek's: "#separator", "#fields", or a JSON object.
bool looks_like_zeek(const std::string& path);

struct ZeekCounts {
    std::uint64_t connections = 0;
    std::uint64_t questions = 0;
    std::uint64_t bad_lines = 0;
    std::uint64_t left_out = 0; // Beyond what is read of one log.
};

std::ifstream open_zeek_log(const std::string& path); // Throws profiles::FileError.

// Feeds connections and questions to the analysis in the order of their first instants; null = no
// log. Throws profiles::FileError.
ZeekCounts read_zeek(std::istream* conn_log, std::istream* dns_log, Analysis& analysis);

} // namespace bench::egress
