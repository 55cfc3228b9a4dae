// SPDX-License-Identifier: Apache-2.0
#include "results/part_file.h"

#include "results/folder_files.h"
#include "results/record_error.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fmt/format.h>

namespace results {

namespace {

constexpr std::size_t waiting_max = std::size_t{256} << 10U;

// A file that nobody else has. Not open: errno.
Descriptor open_part(int parent, const std::string& leaf, std::string& part) {
    constexpr int tries = 16;
    for (int i = 0; i < tries; ++i) {
        std::uint64_t chance = 0;
        if (::getrandom(&chance, sizeof chance, 0) != static_cast<ssize_t>(sizeof chance)) {
            break;
        }
        part = fmt::format("{}.{:016x}.part", leaf, chance);
        Descriptor out(::openat(
            parent, part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
        if (out.is_open() || errno != EEXIST) {
            return out;
        }
    }
    return Descriptor();
}

} // namespace

std::pair<std::string, std::string> parent_and_leaf(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) {
        return {".", path};
    }
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

PartFile::PartFile(const std::string& folder, const std::string& name)
    : path_(folder == "." ? name : folder + (folder == "/" ? "" : "/") + name)
    , leaf_(parent_and_leaf(name).second)
    , parent_(open_parent_in(folder, name)) {
    if (!parent_.is_open()) {
        fail(errno);
    }
    file_ = open_part(parent_.number(), leaf_, part_);
    if (!file_.is_open()) {
        fail(errno);
    }
}

PartFile::~PartFile() {
    if (file_.is_open() && !part_.empty()) {
        ::unlinkat(parent_.number(), part_.c_str(), 0);
    }
}

void PartFile::put(const void* data, std::size_t bytes) {
    waiting_.append(static_cast<const char*>(data), bytes);
    taken_bytes_ += bytes;
    if (waiting_.size() >= waiting_max) {
        flush();
    }
}

void PartFile::flush() {
    std::string_view text = waiting_;
    while (!text.empty()) {
        const ssize_t wrote = ::write(file_.number(), text.data(), text.size());
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0) {
            fail(errno);
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    waiting_.clear();
}

void PartFile::keep() {
    flush();
    if (::fsync(file_.number()) != 0 ||
        ::renameat(parent_.number(), part_.c_str(), parent_.number(), leaf_.c_str()) != 0) {
        fail(errno);
    }
    part_.clear();
}

void PartFile::fail(int error) const {
    throw WriteError(fmt::format(
        "{}: cannot be written ({} bytes): {}", path_, taken_bytes_, file_reason(error)));
}

bool is_part_name(const std::string& name) {
    constexpr std::string_view suffix = ".part";
    return name.size() > suffix.size() && name.ends_with(suffix) &&
           name[name.size() - suffix.size() - 1] != '/';
}

void remove_parts(const std::string& folder) {
    for (const FolderEntry& entry : entries_below(folder)) {
        if (entry.kind != EntryKind::folder && is_part_name(entry.name)) {
            remove_file_in(folder, entry.name);
        }
    }
}

} // namespace results
