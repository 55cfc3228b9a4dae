// SPDX-License-Identifier: Apache-2.0
#include "results/part_file.h"

#include "results/folder_files.h"
#include "results/record_error.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <string_view>

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

std::string kind_words(mode_t mode) {
    return S_ISREG(mode)    ? ""
           : S_ISDIR(mode)  ? "a folder"
           : S_ISBLK(mode)  ? "a block device"
           : S_ISCHR(mode)  ? "a character device"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "no regular file";
}

// As why_not_replaced, of a name in an open folder.
std::string why_not_replaced_in(int parent, const char* leaf) {
    struct stat status {};
    if (::fstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return "";
    }
    if (!S_ISLNK(status.st_mode)) {
        return kind_words(status.st_mode);
    }
    constexpr std::string_view open_files = "/proc/"; // As /dev/stdout is.
    std::array<char, open_files.size()> start{};
    if (::readlinkat(parent, leaf, start.data(), start.size()) ==
            static_cast<ssize_t>(start.size()) &&
        std::string_view(start.data(), start.size()) == open_files) {
        return "a link to an open file of a process";
    }
    const bool leads_somewhere = ::fstatat(parent, leaf, &status, 0) == 0;
    const std::string behind = leads_somewhere ? kind_words(status.st_mode) : "";
    return behind.empty() ? "" : "a link to " + behind;
}

} // namespace

std::string why_not_replaced(const std::string& path) {
    return why_not_replaced_in(AT_FDCWD, path.c_str());
}

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
    check_place();
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

// The last line of defence of a device node, whatever was looked at before.
void PartFile::check_place() const {
    const std::string found = why_not_replaced_in(parent_.number(), leaf_.c_str());
    if (!found.empty()) {
        throw WriteError(fmt::format(
            "{}: cannot be written: is {}; wanted a regular file or nothing", path_, found));
    }
}

void PartFile::keep() {
    flush();
    check_place();
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
