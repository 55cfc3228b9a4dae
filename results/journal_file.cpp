// SPDX-License-Identifier: Apache-2.0
#include "results/journal_file.h"

#include "drivers/wire/foreign_json_file.h"
#include "results/folder_files.h"
#include "results/part_file.h"
#include "results/record_error.h"
#include "results/whole_file.h"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace results {

using Json = nlohmann::ordered_json;

namespace {

const std::string first_hash(64, '0');

// The line without its hash: what the chain covers, byte by byte as it stands in the file.
std::string covered_text(const JournalEntry& entry) {
    Json line;
    line["number"] = entry.number;
    line["kind"] = entry.kind;
    line["realtime_ns"] = std::to_string(entry.at.realtime_ns);
    line["monotonic_ns"] = std::to_string(entry.at.monotonic_ns);
    line["fields"] = entry.fields;
    return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string line_text(const std::string& covered, const std::string& hash) {
    return covered.substr(0, covered.size() - 1) + R"(,"hash":")" + hash + "\"}\n";
}

JournalEntry entry_of(const std::string& line) {
    const Json json = drivers::wire::parse_foreign_json(line);
    JournalEntry out;
    out.number = json.at("number").get<std::uint64_t>();
    out.kind = json.at("kind").get<std::string>();
    out.at.realtime_ns = std::stoll(json.at("realtime_ns").get<std::string>());
    out.at.monotonic_ns = std::stoll(json.at("monotonic_ns").get<std::string>());
    out.fields = json.at("fields").get<std::map<std::string, std::string>>();
    out.hash = json.at("hash").get<std::string>();
    return out;
}

JournalEntry checked_entry(const std::string& line, const Journal& before) {
    JournalEntry out;
    try {
        out = entry_of(line);
    } catch (const std::exception& error) {
        throw RecordError(fmt::format("not a journal line: {}", error.what()));
    }
    const std::string& last = before.entries.empty() ? first_hash : before.entries.back().hash;
    const std::string covered = covered_text(out);
    if (out.number != before.entries.size()) {
        throw RecordError(
            fmt::format("entry {}; wanted entry {}", out.number, before.entries.size()));
    }
    if (sha256_hex(last + covered) != out.hash || line_text(covered, out.hash) != line + "\n") {
        throw RecordError("the hash chain breaks: this line was altered, added or moved");
    }
    return out;
}

} // namespace

std::string JournalEntry::field(const std::string& key) const {
    const auto found = fields.find(key);
    return found == fields.end() ? "" : found->second;
}

bool is_being_written(const std::string& path) {
    constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const Descriptor file(::open(path.c_str(), flags));
    return file.is_open() && ::flock(file.number(), LOCK_EX | LOCK_NB) != 0;
}

Journal read_journal(const std::string& path) {
    const auto [folder, name] = parent_and_leaf(path);
    return journal_from(read_file_in(folder, name), path);
}

Journal journal_from(const std::string& text, const std::string& path) {
    Journal out;
    while (out.good_bytes < text.size()) {
        const std::size_t end = text.find('\n', out.good_bytes);
        if (end == std::string::npos) { // A whole line ends in a newline, written last.
            out.torn = true;
            break;
        }
        try {
            out.entries.push_back(
                checked_entry(text.substr(out.good_bytes, end - out.good_bytes), out));
        } catch (const RecordError& error) {
            throw RecordError(
                fmt::format("{} line {}: {}", path, out.entries.size() + 1, error.what()));
        }
        out.good_bytes = end + 1;
    }
    return out;
}

JournalWriter::JournalWriter(std::string path)
    : path_(std::move(path))
    , last_hash_(first_hash) {
    constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    fd_ = ::open(path_.c_str(), flags, 0666);
    if (fd_ < 0) {
        throw WriteError(fmt::format("{}: cannot be opened: {}", path_, file_reason(errno)));
    }
    try {
        go_on();
    } catch (...) {
        ::close(fd_);
        throw;
    }
}

// After the last whole line of what is there, alone.
void JournalWriter::go_on() {
    struct stat status {};
    if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1) {
        throw WriteError(fmt::format("{}: {}; wanted a file of this run's own",
                                     path_,
                                     S_ISREG(status.st_mode) ? "has another name as well"
                                                             : "not a regular file"));
    }
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        throw BeingWrittenError(fmt::format("{}: another process is writing it", path_));
    }
    Journal before = journal_from(read_open_file(fd_, path_, record_bytes_max), path_);
    size_bytes_ = before.good_bytes;
    next_number_ = before.entries.size();
    if (!before.entries.empty()) {
        last_hash_ = before.entries.back().hash;
    }
    found_ = std::move(before.entries);
    if (::ftruncate(fd_, static_cast<off_t>(size_bytes_)) != 0) {
        throw WriteError(
            fmt::format("{}: cannot be cut: {}", path_, std::generic_category().message(errno)));
    }
}

JournalWriter::~JournalWriter() {
    ::close(fd_);
}

void JournalWriter::append(const std::string& kind,
                           const std::map<std::string, std::string>& fields,
                           JournalInstant at) {
    JournalEntry entry;
    entry.number = next_number_;
    entry.kind = kind;
    entry.at = at;
    entry.fields = fields;
    const std::string covered = covered_text(entry);
    const std::string hash = sha256_hex(last_hash_ + covered);
    const std::string line = line_text(covered, hash);
    const ssize_t wrote = ::pwrite(fd_, line.data(), line.size(), static_cast<off_t>(size_bytes_));
    if (wrote != static_cast<ssize_t>(line.size()) || ::fdatasync(fd_) != 0) {
        const int error = wrote >= 0 && wrote < static_cast<ssize_t>(line.size()) ? ENOSPC : errno;
        // Half a line would be taken for a crash; leave the journal whole instead.
        const int cut = ::ftruncate(fd_, static_cast<off_t>(size_bytes_));
        throw WriteError(fmt::format("{}: cannot be written: {}{}",
                                     path_,
                                     std::generic_category().message(error),
                                     cut == 0 ? "" : " (and its last line is torn)"));
    }
    size_bytes_ += line.size();
    last_hash_ = hash;
    ++next_number_;
}

} // namespace results
