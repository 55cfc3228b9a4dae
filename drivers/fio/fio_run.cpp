// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_run.h"

#include "drivers/api/errors.h"
#include "drivers/confine/tool_environment.h"

#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <system_error>

namespace drivers::fio {

namespace {

constexpr std::size_t output_max = 256U << 20U;
constexpr std::size_t complaint_max = 2000;

std::string error_text(int error) {
    return std::generic_category().message(error);
}

// A nameless file: what fio reads its job from, and where it writes.
class MemoryFile {
public:
    explicit MemoryFile(const char* name)
        : fd_(::memfd_create(name, MFD_CLOEXEC)) {
        if (fd_ < 0) {
            throw HostError("a memory file for fio: " + error_text(errno));
        }
    }
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    int fd() const { return fd_; }

    void write(std::string_view text) const {
        if (::pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
            throw HostError("a memory file for fio: " + error_text(errno));
        }
    }
    std::string text() const {
        const off_t size = ::lseek(fd_, 0, SEEK_END);
        std::string out(std::min(static_cast<std::size_t>(std::max<off_t>(size, 0)), output_max),
                        '\0');
        std::size_t done = 0;
        while (done < out.size()) {
            const ssize_t got =
                ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(done));
            if (got <= 0) {
                break;
            }
            done += static_cast<std::size_t>(got);
        }
        out.resize(done);
        return out;
    }

private:
    int fd_;
};

// A child in a process group of its own, ended with this object.
class Child {
public:
    Child(std::vector<std::string> words, int in, int out, int err) {
        std::vector<char*> raw;
        raw.reserve(words.size() + 1);
        for (std::string& word : words) {
            raw.push_back(word.data());
        }
        raw.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, in, 0);
        ::posix_spawn_file_actions_adddup2(&actions, out, 1);
        ::posix_spawn_file_actions_adddup2(&actions, err, 2);
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        confine::ToolEnvironment environment;
        const int error = ::posix_spawnp(
            &pid_, raw[0], &actions, &attributes, raw.data(), environment.variables());
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) {
            pid_ = -1;
            throw HostError("fio cannot be started (Debian package fio): " + error_text(error));
        }
    }
    ~Child() {
        if (pid_ > 0) {
            ::kill(-pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Its exit status; none = it was still running when the time was up.
    bool wait(Duration limit, int& status) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < until) {
            if (::waitpid(pid_, &status, WNOHANG) == pid_) {
                pid_ = -1;
                return true;
            }
            ::poll(nullptr, 0, 10);
        }
        return false;
    }

private:
    pid_t pid_ = -1;
};

std::string ending(int status) {
    return WIFEXITED(status) ? fmt::format("exit status {}", WEXITSTATUS(status))
                             : fmt::format("ended by signal {}", WTERMSIG(status));
}

std::string last_words(const std::string& text) {
    std::string out =
        text.size() <= complaint_max ? text : "..." + text.substr(text.size() - complaint_max);
    while (!out.empty() && out.back() == '\n') {
        out.pop_back();
    }
    return out;
}

void want_version(const std::string& version) {
    int major = 0;
    int minor = 0;
    if (std::sscanf(version.c_str(), "fio-%d.%d", &major, &minor) == 2 &&
        (major < 3 || (major == 3 && minor < 33))) {
        throw HostError(fmt::format("{}: wanted fio 3.33 or newer", version));
    }
}

} // namespace

void check_result(const JobFile& file, const Result& result) {
    std::size_t wanted = 0;
    for (const Job& job : file.jobs) {
        wanted += job.copies;
    }
    if (result.jobs.size() != wanted) {
        throw ArrayError(
            fmt::format("fio: {} jobs were asked for and {} told of", wanted, result.jobs.size()));
    }
    const auto least_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(file.runtime).count() * 9 / 10;
    for (const JobResult& job : result.jobs) {
        if (job.error != 0) {
            throw ArrayError(fmt::format(
                "fio: job {} failed: {}", job.name, error_text(static_cast<int>(job.error))));
        }
        if (job.directions.empty()) {
            throw ArrayError(fmt::format("fio: job {} did nothing", job.name));
        }
        for (const auto& [name, direction] : job.directions) {
            if (direction.drop_ios + direction.short_ios > 0) {
                throw ArrayError(fmt::format("fio: job {}: {} {}s dropped, {} cut short",
                                             job.name,
                                             direction.drop_ios,
                                             name,
                                             direction.short_ios));
            }
            if (static_cast<std::int64_t>(direction.runtime_ms) < least_ms) {
                throw ArrayError(fmt::format("fio: job {}: {}s for {} ms, of {} ms asked for",
                                             job.name,
                                             name,
                                             direction.runtime_ms,
                                             least_ms * 10 / 9));
            }
        }
    }
}

Result run(const JobFile& file, Duration patience) {
    const MemoryFile job("fio-job");
    const MemoryFile out("fio-out");
    const MemoryFile err("fio-err");
    job.write(job_text(file));
    int status = 0;
    Child child({"fio", "--output-format=json+", "-"}, job.fd(), out.fd(), err.fd());
    if (!child.wait(file.runtime + file.ramp + patience, status)) {
        throw HostError(
            fmt::format("fio did not end {} s after its time: ended by force",
                        std::chrono::duration_cast<std::chrono::seconds>(patience).count()));
    }
    const std::string said = out.text();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw ArrayError(fmt::format("fio: {}: {}", ending(status), last_words(err.text())));
    }
    Result result = parse_result(said);
    want_version(result.version);
    check_result(file, result); // For an exit status of 0 says little.
    return result;
}

} // namespace drivers::fio
