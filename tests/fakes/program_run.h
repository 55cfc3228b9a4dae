// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/paths.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace tests {

// The built program, started with arguments, its two streams in files of a folder. Ended with its
// test at the latest.
class ProgramRun {
public:
    ProgramRun(const std::vector<std::string>& arguments, std::string folder)
        : folder_(std::move(folder)) {
        std::vector<std::string> words{arraybench_program()};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> raw;
        raw.reserve(words.size() + 1);
        for (std::string& word : words) {
            raw.push_back(word.data());
        }
        raw.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        const int flags = O_WRONLY | O_CREAT | O_TRUNC;
        ::posix_spawn_file_actions_addopen(&actions, 1, (folder_ + "/out").c_str(), flags, 0600);
        ::posix_spawn_file_actions_addopen(&actions, 2, (folder_ + "/err").c_str(), flags, 0600);
        const int error = ::posix_spawn(&process_, raw[0], &actions, nullptr, raw.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) {
            throw std::runtime_error("the program cannot be started");
        }
    }
    ~ProgramRun() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            (void)wait();
        }
    }
    ProgramRun(const ProgramRun&) = delete;
    ProgramRun& operator=(const ProgramRun&) = delete;

    int process_id() const { return process_; }
    void signal(int number) const { ::kill(process_, number); }

    // Its exit code; 128 + signal if it was ended by one.
    int wait() {
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = -1;
        constexpr int signal_base = 128;
        return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
    }
    std::string out() const { return text_of("/out"); }
    std::string err() const { return text_of("/err"); }

private:
    std::string text_of(const char* name) const {
        std::ifstream in(folder_ + name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

    std::string folder_;
    pid_t process_ = -1;
};

} // namespace tests
