// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/paths.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace tests {

// A stream whose reader is there and reads nothing, full to its brim.
class StalledStream {
public:
    enum Kind { pipe, socket, terminal };

    explicit StalledStream(Kind kind) {
        const int made = kind == pipe ? ::pipe2(ends_.data(), O_CLOEXEC)
                         : kind == socket
                             ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data())
                             : ::openpty(&ends_[0], &ends_[1], nullptr, nullptr, nullptr);
        if (made != 0) {
            throw std::runtime_error("no stream");
        }
        const int flags = this->flags();
        ::fcntl(ends_[1], F_SETFL, flags | O_NONBLOCK);
        const std::string piece(512, 'x');
        while (::write(ends_[1], piece.data(), piece.size()) > 0) {
        }
        while (::write(ends_[1], "x", 1) > 0) {
        }
        ::fcntl(ends_[1], F_SETFL, flags);
    }
    ~StalledStream() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    StalledStream(const StalledStream&) = delete;
    StalledStream& operator=(const StalledStream&) = delete;

    int writer() const { return ends_[1]; }
    int flags() const { return ::fcntl(ends_[1], F_GETFL); } // Of the description that is shared.

    // What was written into it since it was full is what comes after as many bytes as it took.
    std::string read_all() const {
        std::string out;
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
        std::array<char, 4096> piece{};
        for (ssize_t got = 0; (got = ::read(ends_[0], piece.data(), piece.size())) > 0;) {
            out.append(piece.data(), static_cast<std::size_t>(got));
        }
        return out;
    }

private:
    std::array<int, 2> ends_{};
};

// The built program with such a standard error; its exit code, or -1 where it has not ended within
// the time.
inline int code_with_stalled(const std::vector<std::string>& arguments,
                             const StalledStream& err,
                             const std::string& out_path,
                             int seconds_most) {
    std::vector<std::string> words{arraybench_program()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (std::string& word : words) {
        raw.push_back(word.data());
    }
    raw.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(
        &actions, 1, out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, err.writer(), 2);
    pid_t child = -1;
    const int error = ::posix_spawn(&child, raw[0], &actions, nullptr, raw.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw std::runtime_error("the program cannot be started");
    }
    pollfd ended{static_cast<int>(::syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
    const bool in_time = ::poll(&ended, 1, seconds_most * 1000) == 1;
    if (!in_time) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ended.fd);
    return in_time && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace tests
