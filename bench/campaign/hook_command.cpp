// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/hook_command.h"

#include "drivers/api/errors.h"
#include "drivers/confine/tool_environment.h"
#include "results/text/escape.h"
#include "results/text/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fmt/format.h>
#include <system_error>

namespace bench::campaign {

namespace {

constexpr int look_every_ms = 50;
constexpr std::size_t output_bytes_max = 4096;

using Clock = std::chrono::steady_clock;

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
            throw drivers::HostError(
                fmt::format("a pipe for a hook: {}", std::generic_category().message(errno)));
        }
    }
    ~Pipe() {
        ::close(ends_[0]);
        close_in();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    int out() const { return ends_[0]; }
    int in() const { return ends_[1]; }
    void close_in() {
        if (ends_[1] >= 0) {
            ::close(ends_[1]);
            ends_[1] = -1;
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

pid_t spawn(const std::vector<std::string>& command, int output) {
    std::vector<char*> words;
    for (const std::string& word : command) {
        words.push_back(const_cast<char*>(word.c_str())); // NOLINT: posix_spawn only reads.
    }
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    pid_t child = -1;
    drivers::confine::ToolEnvironment environment;
    const int error = ::posix_spawnp(
        &child, words[0], &actions, &attributes, words.data(), environment.variables());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw drivers::HostError(fmt::format(
            "hook {}: cannot be started: {}", command[0], std::generic_category().message(error)));
    }
    return child;
}

// False at the end of the output.
bool read_some(int fd, std::string& output) {
    std::array<char, 1024> piece{};
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got > 0 && output.size() < output_bytes_max) {
        output.append(piece.data(),
                      std::min(static_cast<std::size_t>(got), output_bytes_max - output.size()));
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

bool is_readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, look_every_ms) > 0;
}

} // namespace

HookResult run_hook(const std::vector<std::string>& command,
                    drivers::Duration time_limit,
                    const std::atomic<bool>& stop) {
    if (command.empty()) {
        throw drivers::UsageError("a hook without a command");
    }
    Pipe pipe;
    const pid_t child = spawn(command, pipe.in());
    pipe.close_in();
    HookResult out;
    const auto deadline = Clock::now() + time_limit;
    bool open = true;
    int status = 0;
    while (true) {
        if (open && is_readable(pipe.out())) {
            open = read_some(pipe.out(), out.output);
        }
        const pid_t ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) {
            break;
        }
        if (Clock::now() >= deadline || stop) {
            out.timed_out = true;
            ::kill(-child, SIGKILL);
            ::waitpid(child, &status, 0);
            break;
        }
        if (!open) {
            ::poll(nullptr, 0, look_every_ms);
        }
    }
    while (open && is_readable(pipe.out())) { // What it said last.
        open = read_some(pipe.out(), out.output) && out.output.size() < output_bytes_max;
    }
    constexpr int signal_base = 128; // As shells count.
    out.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
    return out;
}

std::string ask_person(const std::string& request,
                       drivers::Duration time_limit,
                       const std::atomic<bool>& stop) {
    if (::isatty(STDIN_FILENO) == 0) {
        throw drivers::HostError(fmt::format(
            "\"{}\": there is no terminal to ask a person at; describe a hook instead", request));
    }
    ::tcflush(STDIN_FILENO, TCIFLUSH); // What was typed before answers nothing.
    (void)results::text::write_err(results::text::clean_lines(
        fmt::format("\n>>> {}\n>>> press Enter when it is done\n", request)));
    const auto deadline = Clock::now() + time_limit;
    while (Clock::now() < deadline && !stop) {
        if (is_readable(STDIN_FILENO)) {
            std::string answer;
            (void)read_some(STDIN_FILENO, answer);
            while (!answer.empty() && answer.back() == '\n') {
                answer.pop_back();
            }
            return answer;
        }
    }
    throw drivers::HostError(fmt::format("\"{}\": nobody answered in time", request));
}

} // namespace bench::campaign
