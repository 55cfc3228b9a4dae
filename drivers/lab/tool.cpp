// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/tool.h"

#include "drivers/api/errors.h"
#include "drivers/confine/tool_environment.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fmt/format.h>

namespace drivers::lab {

namespace {

constexpr int not_started = 127;
constexpr int time_limit_ms = 10'000;

std::string path_of(const std::string& program) {
    for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
        std::string path = folder + program;
        if (::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    throw HostError(fmt::format("the tool \"{}\" is missing (Debian package iproute2)", program));
}

// A file in memory: no pipe to fill up, nothing on the disk.
class MemoryFile {
public:
    explicit MemoryFile(const std::string& text)
        : descriptor_(::memfd_create("tool", MFD_CLOEXEC)) {
        if (descriptor_ < 0 ||
            ::write(descriptor_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            throw HostError("no memory for a tool's input");
        }
        ::lseek(descriptor_, 0, SEEK_SET);
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    int descriptor() const { return descriptor_; }
    std::string text() const {
        std::array<char, 2048> buffer{};
        const ssize_t got = ::pread(descriptor_, buffer.data(), buffer.size(), 0);
        return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
    }

private:
    int descriptor_;
};

struct Start {
    const char* program;
    char* const* words;
    char* const* environment;
    int input;
    int output;
    int network;
    const std::vector<int>* descriptors;
    pid_t parent;
};

// Only calls that are safe between fork and exec of a process with threads.
[[noreturn]] void become(const Start& start) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != start.parent || ::setns(start.network, CLONE_NEWNET) != 0) {
        ::_exit(not_started);
    }
    for (const int descriptor : *start.descriptors) {
        ::fcntl(descriptor, F_SETFD, 0);
    }
    ::dup2(start.input, STDIN_FILENO);
    ::dup2(start.output, STDOUT_FILENO);
    ::dup2(start.output, STDERR_FILENO);
    ::execve(start.program, start.words, start.environment);
    ::_exit(not_started);
}

} // namespace

void run_tool(const std::vector<std::string>& words,
              const std::string& input,
              int network,
              const std::vector<int>& descriptors) {
    const std::string program = path_of(words.front());
    std::vector<std::string> copies = words;
    std::vector<char*> pointers;
    pointers.reserve(copies.size() + 1);
    for (std::string& word : copies) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    confine::ToolEnvironment environment;
    const MemoryFile in(input);
    const MemoryFile out("");
    const Start start{program.c_str(),
                      pointers.data(),
                      environment.variables(),
                      in.descriptor(),
                      out.descriptor(),
                      network,
                      &descriptors,
                      ::getpid()};
    const pid_t child = ::fork();
    if (child == 0) {
        become(start);
    }
    if (child < 0) {
        throw HostError(fmt::format("{}: no process", words.front()));
    }
    const int watched = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    pollfd wait{watched, POLLIN, 0};
    const bool late = watched >= 0 && ::poll(&wait, 1, time_limit_ms) == 0;
    if (late) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (watched >= 0) {
        ::close(watched);
    }
    if (late || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw HostError(fmt::format(
            "{}: {}", words.front(), late ? std::string("took more than 10 s") : out.text()));
    }
}

} // namespace drivers::lab
