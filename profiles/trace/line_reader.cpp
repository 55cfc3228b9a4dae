// SPDX-License-Identifier: Apache-2.0
#include "profiles/trace/line_reader.h"

#include "profiles/file_error.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace profiles::trace {

namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> out;
    for (std::size_t at = line.find_first_not_of(blanks); at != std::string_view::npos;) {
        const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
        out.push_back(line.substr(at, end - at));
        at = line.find_first_not_of(blanks, end);
    }
    return out;
}

// A stranger's text as it may be shown on a terminal.
std::string shown(std::string_view text) {
    constexpr std::size_t most = 80;
    std::string out;
    for (const char letter : text.substr(0, most)) {
        const bool plain = letter >= ' ' && letter <= '~';
        out += plain ? letter : '?';
    }
    return text.size() > most ? out + "..." : out;
}

} // namespace

LineReader::LineReader(std::istream& in, std::string name)
    : in_(in)
    , name_(std::move(name))
    , buffer_(line_bytes_max, '\0') {}

bool LineReader::next() {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    const auto count = static_cast<std::size_t>(in_.gcount());
    if (count == 0 && !in_.good()) {
        if (in_.bad()) {
            throw FileError(fmt::format("{}:{}: cannot be read any further", name_, number_ + 1));
        }
        return false;
    }
    ++number_;
    const bool too_long = in_.fail() && !in_.eof();
    // getline() counts the end of line, which it does not store.
    line_ = std::string_view(buffer_).substr(0, in_.eof() || too_long ? count : count - 1);
    if (too_long) {
        fail(fmt::format("a line of less than {} bytes", line_bytes_max));
    }
    if (number_ == 1 && line_.starts_with(byte_order_mark)) {
        line_.remove_prefix(byte_order_mark.size());
    }
    line_.remove_suffix(line_.ends_with('\r') ? 1 : 0);
    words_ = words_of(line_);
    if (line_.find('\0') != std::string_view::npos) {
        fail("text in UTF-8; there is a zero byte");
    }
    if (in_.eof() && !words_.empty()) { // An address that lacks a digit is an address.
        fail("an end to the file's last line: it may be cut; if it is whole, end it");
    }
    return true;
}

void LineReader::fail(std::string_view wanted) const {
    throw FileError(fmt::format("{}:{}: \"{}\": wanted {}", name_, number_, shown(line_), wanted));
}

std::uint64_t
LineReader::whole(std::size_t word, std::uint64_t most, std::string_view wanted) const {
    const std::string_view text = words_[word];
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size() || out > most) {
        fail(wanted);
    }
    return out;
}

std::uint16_t LineReader::device(std::string_view name) {
    const auto found = std::find(trace_.devices.rbegin(), trace_.devices.rend(), name);
    if (found != trace_.devices.rend()) {
        return static_cast<std::uint16_t>(trace_.devices.rend() - found - 1);
    }
    if (trace_.devices.size() == devices_max) {
        fail(fmt::format("at most {} devices in one trace", devices_max));
    }
    trace_.devices.emplace_back(name);
    return static_cast<std::uint16_t>(trace_.devices.size() - 1);
}

void LineReader::add(const Record& record) {
    if (record.at < Duration(0) || record.at > time_max) {
        fail("an instant within 400 days of the trace's start");
    }
    if (record.offset_bytes > address_max || record.size_bytes > address_max) {
        fail("an address and a length below 2^60 bytes");
    }
    if (trace_.records.size() == records_max) {
        fail(fmt::format("at most {} accesses in one trace", records_max));
    }
    trace_.records.push_back(record);
}

Trace LineReader::finish() {
    if (trace_.records.empty()) {
        throw FileError(fmt::format("{}: wanted at least one access to replay", name_));
    }
    auto& records = trace_.records;
    std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
        return a.at < b.at;
    });
    trace_.timed = records.size() == 1 || records.front().at != records.back().at;
    return std::move(trace_);
}

} // namespace profiles::trace
