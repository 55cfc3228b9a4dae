// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/paths.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace tests {

// Where one of the built program's streams goes.
struct StreamEnd {
    enum Kind { file, closed, broken_pipe } kind = file;
    std::string path = "/dev/null";
};

// The built program's exit code, with its two streams as given; 128 + signal if it was ended by
// one.
inline int code_with_streams(const std::vector<std::string>& arguments,
                             const StreamEnd& out,
                             const StreamEnd& err) {
    std::vector<std::string> words{arraybench_program()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    raw.reserve(words.size() + 1);
    for (std::string& word : words) {
        raw.push_back(word.data());
    }
    raw.push_back(nullptr);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe");
    }
    ::close(ends[0]); // Nobody will ever read.
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (const auto& [number, end] : {std::pair(1, out), std::pair(2, err)}) {
        if (end.kind == StreamEnd::closed) {
            ::posix_spawn_file_actions_addclose(&actions, number);
        } else if (end.kind == StreamEnd::broken_pipe) {
            ::posix_spawn_file_actions_adddup2(&actions, ends[1], number);
        } else {
            ::posix_spawn_file_actions_addopen(
                &actions, number, end.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        }
    }
    pid_t child = -1;
    const int error = ::posix_spawn(&child, raw[0], &actions, nullptr, raw.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) {
        throw std::runtime_error("the program cannot be started");
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    constexpr int signal_base = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
}

} // namespace tests
