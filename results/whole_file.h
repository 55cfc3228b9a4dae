// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace results {

inline constexpr std::uint64_t record_bytes_max = 256ULL << 20U;

// Writes beside the file, under a name that nobody can have foreseen, and renames over it, synced:
// after a crash the old or the new text is there, never half of one. A link at the file's place is
// replaced, never written through. Throws WriteError.
void write_whole_file(const std::string& path, std::string_view text);

// Throws RecordError when the file cannot be read or is larger than `bytes_max`.
std::string read_whole_file(const std::string& path, std::uint64_t bytes_max = record_bytes_max);

// All of an open regular file from its beginning; `path` is for messages. Throws RecordError.
std::string read_open_file(int file, const std::string& path, std::uint64_t bytes_max);

// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

// An open descriptor, closed with its owner.
class Descriptor {
public:
    explicit Descriptor(int number = -1) noexcept
        : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number() const noexcept { return number_; }
    bool is_open() const noexcept { return number_ >= 0; }

private:
    int number_;
};

// The folder that holds `name`, found by going down from `folder` one part at a time and through no
// symbolic link; `folder` itself is named by whoever runs the program and may be one. On failure
// not open, with the reason in errno: ELOOP for a link, EINVAL for a name that leads out.
Descriptor open_parent_in(const std::string& folder, std::string_view name);

// A regular file below `folder`, for reading. Links are refused, and nothing is waited for: a pipe
// in a file's place is an error. Throws RecordError.
Descriptor open_file_in(const std::string& folder, const std::string& name);

// As write_whole_file and read_whole_file do, for a file below a run's folder, which may have been
// in other hands: no part of `name` may be a link. Throw WriteError, RecordError.
void write_file_in(const std::string& folder, const std::string& name, std::string_view text);
std::string read_file_in(const std::string& folder,
                         const std::string& name,
                         std::uint64_t bytes_max = record_bytes_max);

// SHA-256 of a file of any size, in pieces. Throws RecordError.
std::string sha256_of_file_in(const std::string& folder, const std::string& name);

enum class EntryKind : std::uint8_t { regular_file, folder, link, other };

struct FolderEntry {
    std::string name; // Below the folder, parts with '/'.
    EntryKind kind = EntryKind::other;
};

// All that lies below a folder, links as such, ordered by name. More than a million entries, or
// more than 16 folders within each other, are a RecordError.
std::vector<FolderEntry> entries_below(const std::string& folder);

// The same of a folder below `folder`, behind no link, without what lies in its own folders.
std::vector<FolderEntry> entries_of_folder_in(const std::string& folder, const std::string& name);

} // namespace results
