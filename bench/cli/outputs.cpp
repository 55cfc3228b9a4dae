// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/outputs.h"

#include "drivers/api/errors.h"
#include "results/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <vector>

namespace bench::cli {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const char* option, const std::string& path, const std::string& why) {
    throw drivers::HostError(
        fmt::format("--{}: {}: cannot be written: {}; nothing was started", option, path, why));
}

// Writes are often done beside a file, which then takes its name: that must be possible too.
void try_file(const char* option, const std::string& path, const std::string& tried) {
    struct stat status {};
    const bool was_there = ::lstat(tried.c_str(), &status) == 0;
    const int fd = ::open(tried.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0 && errno != ENXIO) { // A pipe without a reader yet.
        fail(option, path, std::generic_category().message(errno));
    }
    if (fd >= 0) {
        ::close(fd);
    }
    if (!was_there) {
        ::unlink(tried.c_str());
    }
}

// Makes what is missing of a path, remembers it and takes it away again.
class MadeFolders {
public:
    MadeFolders(const char* option, const fs::path& folder) {
        std::vector<fs::path> missing;
        std::error_code error;
        for (fs::path at = fs::absolute(folder); !at.empty() && !fs::exists(at, error);
             at = at.parent_path()) {
            missing.push_back(at);
            if (error || at == at.parent_path()) {
                break;
            }
        }
        for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
            if (at->has_filename() && ::mkdir(at->c_str(), 0777) != 0 && errno != EEXIST) {
                const int why = errno;
                take_away();
                fail(option, folder.string(), std::generic_category().message(why));
            }
            made_.push_back(*at);
        }
    }
    ~MadeFolders() { take_away(); }
    MadeFolders(const MadeFolders&) = delete;
    MadeFolders& operator=(const MadeFolders&) = delete;

private:
    void take_away() noexcept {
        for (auto at = made_.rbegin(); at != made_.rend(); ++at) {
            ::rmdir(at->c_str());
        }
        made_.clear();
    }

    std::vector<fs::path> made_;
};

// What is written beside a place and takes its name would take away whatever stands there.
void refuse_no_file(const char* option, const std::string& path) {
    const std::string found = results::why_not_replaced(path);
    if (!found.empty()) {
        throw drivers::UsageError(
            fmt::format("--{}: {}: is {}; wanted a file to write", option, path, found));
    }
}

} // namespace

void check_output_file(const char* option, const std::string& path) {
    if (path.empty()) {
        return;
    }
    refuse_no_file(option, path);
    try_file(option, path, path + ".part");
    try_file(option, path, path);
}

void check_output_folder(const char* option, const std::string& path) {
    if (path.empty()) {
        return;
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
        throw drivers::UsageError(
            fmt::format("--{}: {}: is a file; wanted a folder", option, path));
    }
    const MadeFolders made(option, path);
    try_file(option, path, path + "/.arraybench-check");
}

void check_new_folder(const char* option, const std::string& path) {
    if (path.empty()) {
        return;
    }
    std::error_code error;
    if (fs::is_directory(path, error) && !fs::is_empty(path, error)) {
        throw drivers::UsageError(
            fmt::format("--{}: {}: is not empty; wanted a new folder", option, path));
    }
    check_output_folder(option, path);
}

} // namespace bench::cli
