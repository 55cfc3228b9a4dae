// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace results {

// The same moment on both clocks; the pairs map captures' UTC to the bench's own time line.
struct JournalInstant {
    std::int64_t realtime_ns = 0;
    std::int64_t monotonic_ns = 0;
};

// One thing that happened. Everything a resumed or doubted run needs stands in `fields`.
struct JournalEntry {
    std::uint64_t number = 0; // From 0, without gaps.
    std::string kind;         // "round finished", "clock", "disturbance", ...
    JournalInstant at;
    std::map<std::string, std::string> fields;
    std::string hash; // SHA-256 over the hash before and this line without its hash.

    std::string field(const std::string& key) const; // Empty where it has none of that name.
};

// What was read, as far as the chain holds.
struct Journal {
    std::vector<JournalEntry> entries;
    bool torn = false;            // The last line was cut short by a crash; it is not in `entries`.
    std::uint64_t good_bytes = 0; // Where the next line belongs.
};

// Throws RecordError where the chain breaks: an altered, missing, added or reordered line.
// The file is taken only as such, not behind a link at its place.
Journal read_journal(const std::string& path);

// The same of its text; `path` is for messages.
Journal journal_from(const std::string& text, const std::string& path);

// Whether a process has it open for writing now.
bool is_being_written(const std::string& path);

// Appends to a run's events.ndjson, one line per entry, each chained to the one before. After a
// crash at most the last line is torn, and opening again cuts it off. Not thread-safe.
class JournalWriter {
public:
    // New, or goes on after the last whole line. Throws BeingWrittenError where another process
    // has it open for writing, WriteError also where the file is a link or has another name: it may
    // be no run's.
    explicit JournalWriter(std::string path);
    ~JournalWriter();
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;

    // Returns when it is on the disk. Throws WriteError, and then nothing of it is there.
    void append(const std::string& kind,
                const std::map<std::string, std::string>& fields,
                JournalInstant at);

    const std::vector<JournalEntry>& found() const { return found_; } // What was there before.

private:
    void go_on();

    std::string path_;
    std::vector<JournalEntry> found_;
    std::string last_hash_;
    std::uint64_t next_number_ = 0;
    std::uint64_t size_bytes_ = 0;
    int fd_ = -1;
};

} // namespace results
