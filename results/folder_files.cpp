// SPDX-License-Identifier: Apache-2.0
#include "results/folder_files.h"

#include "results/part_file.h"
#include "results/record_error.h"
#include "results/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace results {

namespace {

// What stands there; 0 with errno where nothing does.
mode_t mode_in(const std::string& folder, const std::string& name) {
    const Descriptor parent = open_parent_in(folder, name);
    struct stat status {};
    const bool found = parent.is_open() && ::fstatat(parent.number(),
                                                     parent_and_leaf(name).second.c_str(),
                                                     &status,
                                                     AT_SYMLINK_NOFOLLOW) == 0;
    return found ? status.st_mode : 0;
}

} // namespace

std::string file_reason(int error) {
    return error == ELOOP ? "it is or lies behind a symbolic link, where none is followed"
                          : std::generic_category().message(error);
}

bool is_there_in(const std::string& folder, const std::string& name) {
    return mode_in(folder, name) != 0;
}

bool make_folder_in(const std::string& folder, const std::string& name) {
    const auto fail = [&](const std::string& why) {
        throw WriteError(fmt::format("{}/{}: cannot be made: {}", folder, name, why));
    };
    const Descriptor parent = open_parent_in(folder, name);
    if (!parent.is_open()) {
        fail(file_reason(errno));
    }
    constexpr mode_t as_the_user_masks = 0777;
    if (::mkdirat(parent.number(), parent_and_leaf(name).second.c_str(), as_the_user_masks) == 0) {
        return true;
    }
    if (errno != EEXIST) {
        fail(file_reason(errno));
    }
    if (!S_ISDIR(mode_in(folder, name))) {
        fail("something else is in its place");
    }
    return false;
}

void remove_file_in(const std::string& folder, const std::string& name) {
    const Descriptor parent = open_parent_in(folder, name);
    const bool gone = parent.is_open() &&
                      ::unlinkat(parent.number(), parent_and_leaf(name).second.c_str(), 0) == 0;
    if (!gone && errno != ENOENT) {
        throw WriteError(
            fmt::format("{}/{}: cannot be removed: {}", folder, name, file_reason(errno)));
    }
}

void copy_file_in(const std::string& from_folder,
                  const std::string& from_name,
                  const std::string& to_folder,
                  const std::string& to_name) {
    constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
    const Descriptor from = open_file_in(from_folder, from_name);
    PartFile to(to_folder, to_name);
    std::string piece(piece_bytes, '\0');
    for (;;) {
        const ssize_t got = ::read(from.number(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw RecordError(fmt::format(
                "{}/{}: cannot be read: {}", from_folder, from_name, file_reason(errno)));
        }
        if (got == 0) {
            break;
        }
        to.put(piece.data(), static_cast<std::size_t>(got));
    }
    to.keep();
}

void check_goes_on_in(const std::string& folder) {
    constexpr const char* rounds = "rounds";
    if (is_there_in(folder, rounds) && !S_ISDIR(mode_in(folder, rounds))) {
        throw RecordError(fmt::format("{}/{}: wanted a folder of the run's own", folder, rounds));
    }
    for (const FolderEntry& entry : entries_below(folder)) {
        if (entry.kind == EntryKind::link || entry.kind == EntryKind::other) {
            throw RecordError(
                fmt::format("{}/{}: {}; wanted a file of the run's own",
                            folder,
                            entry.name,
                            entry.kind == EntryKind::link ? "a symbolic link" : "no regular file"));
        }
        if (entry.kind == EntryKind::regular_file && entry.name.starts_with("rounds/")) {
            struct stat status {};
            const Descriptor file = open_file_in(folder, entry.name);
            if (::fstat(file.number(), &status) == 0 &&
                static_cast<std::uint64_t>(status.st_size) > record_bytes_max) {
                throw RecordError(fmt::format("{}/{}: {} bytes; wanted at most {}",
                                              folder,
                                              entry.name,
                                              status.st_size,
                                              record_bytes_max));
            }
        }
    }
}

void check_inputs_in(const std::string& folder) {
    (void)open_file_in(folder, "plan.json");
    const mode_t inputs = mode_in(folder, "inputs");
    if (inputs == 0) {
        return; // A plan that names something there says so.
    }
    if (!S_ISDIR(inputs)) {
        throw RecordError(fmt::format("{}/inputs: not a folder", folder));
    }
    for (const FolderEntry& entry : entries_below(folder + "/inputs")) {
        if (entry.kind != EntryKind::folder) {
            (void)open_file_in(folder, "inputs/" + entry.name);
        }
    }
}

} // namespace results
