// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/child_process.h"

#include "drivers/api/errors.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fmt/format.h>
#include <system_error>

namespace drivers::array {

namespace {

constexpr int child_fd = 3;
constexpr int exec_failed = 127;
constexpr std::size_t line_bytes_max = 1U << 20U;

// Deadlines of a process are kept by the kernel's clock, which no test can own.
int milliseconds_until(TimePoint deadline) noexcept {
    const auto left = deadline - std::chrono::steady_clock::now();
    return static_cast<int>(std::clamp<std::int64_t>(
        (left + std::chrono::microseconds(999)) / std::chrono::milliseconds(1), 0, 60'000));
}

bool wait_for(int descriptor, short events, TimePoint deadline) noexcept {
    pollfd watched{descriptor, events, 0};
    for (;;) {
        const int left = milliseconds_until(deadline);
        const int got = ::poll(&watched, 1, left);
        if (got > 0) {
            return true;
        }
        if ((got == 0 && left == 0) || (got < 0 && errno != EINTR)) {
            return false;
        }
    }
}

// Batch systems and service managers signal every process of a job: the bench, told the same, still
// needs its arrays to end in order.
void leave_signals_to_parent() noexcept {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
}

struct Image {
    const char* program = nullptr;
    char* const* words = nullptr;
    char* const* environment = nullptr;
    int socket = -1;
    int network = -1;
};

// Only calls that are safe between fork and exec of a process with threads.
[[noreturn]] void become(const Image& image, pid_t parent) noexcept {
    ::setpgid(0, 0); // A terminal's Ctrl-C is for the bench; the bench stops its arrays.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(exec_failed); // The parent died before the line above could notice.
    }
    if (image.network >= 0 && ::setns(image.network, CLONE_NEWNET) != 0) {
        ::_exit(exec_failed); // Never outside its laboratory.
    }
    leave_signals_to_parent();
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(STDERR_FILENO, STDOUT_FILENO); // The parent's standard output is for results.
    if (image.socket == child_fd) {
        ::fcntl(child_fd, F_SETFD, 0);
    } else {
        ::dup2(image.socket, child_fd);
    }
    ::execve(image.program, image.words, image.environment);
    ::_exit(exec_failed);
}

} // namespace

ChildProcess::ChildProcess(const std::string& program,
                           const std::vector<std::string>& arguments,
                           int network_namespace,
                           char* const* environment) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        throw HostError(fmt::format(
            "{}: no socket pair for a child: {}", program, std::generic_category().message(errno)));
    }
    std::vector<std::string> words = arguments;
    words.insert(words.begin(), "arraybench");
    words.push_back(std::to_string(child_fd));
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    process_id_ = ::fork();
    if (process_id_ == 0) {
        become({program.c_str(),
                pointers.data(),
                environment == nullptr ? environ : environment, // NOLINT: POSIX.
                pair[1],
                network_namespace},
               parent);
    }
    const int error = errno;
    ::close(pair[1]);
    socket_ = pair[0];
    if (process_id_ < 0) {
        ::close(socket_);
        throw HostError(
            fmt::format("{}: no process: {}", program, std::generic_category().message(error)));
    }
    ::setpgid(process_id_, process_id_); // Whoever comes first, parent or child.
    process_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, process_id_, 0));
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);
}

ChildProcess::~ChildProcess() {
    kill();
    ::close(socket_);
    if (process_fd_ >= 0) {
        ::close(process_fd_);
    }
}

bool ChildProcess::send(const std::string& text, TimePoint deadline) noexcept {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t got =
            ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (got >= 0) {
            sent += static_cast<std::size_t>(got);
        } else if (errno == EAGAIN ? !wait_for(socket_, POLLOUT, deadline) : errno != EINTR) {
            return false;
        }
    }
    return true;
}

ChildProcess::Got ChildProcess::receive(std::string& line, TimePoint deadline) {
    for (;;) {
        const std::size_t end = received_.find('\n');
        if (end != std::string::npos) {
            line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return Got::line;
        }
        std::array<char, 4096> chunk{};
        const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got > 0 && received_.size() < line_bytes_max) {
            received_.append(chunk.data(), static_cast<std::size_t>(got));
        } else if (got < 0 && errno == EAGAIN) {
            if (!wait_for(socket_, POLLIN, deadline)) {
                return Got::late;
            }
        } else if (got >= 0 || errno != EINTR) {
            return Got::closed;
        }
    }
}

std::optional<std::size_t> ChildProcess::send_some(std::string_view bytes) noexcept {
    const ssize_t got = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got >= 0) {
        return static_cast<std::size_t>(got);
    }
    return errno == EAGAIN || errno == EINTR ? std::optional<std::size_t>(0) : std::nullopt;
}

ChildProcess::Got ChildProcess::receive_some(std::string& bytes, TimePoint deadline) {
    constexpr std::size_t piece_bytes = 1U << 16U;
    if (!wait_for(socket_, POLLIN, deadline)) {
        return Got::late;
    }
    const std::size_t had = bytes.size();
    bytes.resize(had + piece_bytes);
    const ssize_t got = ::recv(socket_, bytes.data() + had, piece_bytes, MSG_DONTWAIT);
    const bool none_yet = got < 0 && (errno == EAGAIN || errno == EINTR);
    bytes.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
    return got > 0 ? Got::line : none_yet ? Got::late : Got::closed;
}

void ChildProcess::reap(int options) const noexcept {
    if (!reaped_) {
        int status = 0;
        const pid_t got = ::waitpid(process_id_, &status, options);
        if (got == process_id_ || (got < 0 && errno == ECHILD)) {
            reaped_ = true;
            status_ = status;
        }
    }
}

bool ChildProcess::ended() const noexcept {
    reap(WNOHANG);
    return reaped_;
}

bool ChildProcess::wait_ended(TimePoint deadline) const noexcept {
    while (!ended()) {
        if (process_fd_ < 0 || !wait_for(process_fd_, POLLIN, deadline)) {
            return ended();
        }
    }
    return true;
}

void ChildProcess::kill() noexcept {
    if (!ended()) {
        ::kill(-process_id_, SIGKILL);
        ::kill(process_id_, SIGKILL); // Before the group exists it has to be the process itself.
        reap(0);
    }
}

std::string ChildProcess::ending() const {
    if (!ended()) {
        return "";
    }
    if (WIFSIGNALED(status_)) {
        return fmt::format("signal {}", WTERMSIG(status_));
    }
    return fmt::format("exit code {}", WEXITSTATUS(status_));
}

} // namespace drivers::array
