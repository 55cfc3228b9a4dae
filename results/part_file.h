// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/whole_file.h"

#include <cstddef>
#include <string>
#include <utility>

namespace results {

// Folder and file of a path as a person names it: {".", "a"} of "a".
std::pair<std::string, std::string> parent_and_leaf(const std::string& path);

// What stands at a place, itself or behind a link, and no file may take the name of, in words: "a
// block device", "a folder"; empty = a regular file, nothing, or a link to one of them.
std::string why_not_replaced(const std::string& path);

// A file that is being written beside the one that it will replace, under a name that nobody can
// have foreseen. Until it is kept, what stood there before stands; what is not kept is gone. The
// place is found below `folder` through no link, and what is no regular file stays there. Every
// function throws WriteError.
class PartFile {
public:
    PartFile(const std::string& folder, const std::string& name);
    ~PartFile();
    PartFile(const PartFile&) = delete;
    PartFile& operator=(const PartFile&) = delete;

    void put(const void* data, std::size_t bytes);
    void keep(); // Synced, then in its place.

private:
    void flush();
    void check_place() const;
    [[noreturn]] void fail(int error) const;

    std::string path_; // As messages name it.
    std::string leaf_;
    std::string part_;
    Descriptor parent_;
    Descriptor file_;
    std::string waiting_; // Not written yet.
    std::uint64_t taken_bytes_ = 0;
};

// Whether this is what a writer that was killed can have left: NAME.<16 hexadecimal digits>.part,
// or NAME.part of an earlier version of this program.
bool is_part_name(const std::string& name);

// Takes away what killed writers left anywhere below a run's folder. Throws RecordError,
// WriteError.
void remove_parts(const std::string& folder);

} // namespace results
