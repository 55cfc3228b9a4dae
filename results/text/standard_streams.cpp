// SPDX-License-Identifier: Apache-2.0
#include "results/text/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <system_error>

namespace results::text {

namespace {

// A stream does not keep what its error was: asked once more, by a line's end.
int error_now() noexcept {
    while (true) {
        if (::write(STDOUT_FILENO, "\n", 1) >= 0) {
            return 0;
        }
        if (errno != EINTR) {
            return errno;
        }
    }
}

// Standard error as a description of our own, which never waits; -1 = there is none. As the stream
// itself it is one for the process, set before there are threads.
int error_anew = -1;
std::atomic<bool> is_line_cut{false}; // A dropped text left half a line.

bool is_still(int descriptor, const struct stat& wanted) noexcept {
    struct stat found {};
    return descriptor >= 0 && ::fstat(descriptor, &found) == 0 && found.st_dev == wanted.st_dev &&
           found.st_ino == wanted.st_ino && found.st_rdev == wanted.st_rdev;
}

void open_error_anew() noexcept {
    struct stat status {};
    if (::fstat(STDERR_FILENO, &status) != 0 ||
        !(S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))) {
        return;
    }
    const int anew =
        ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); // Or another's.
    if (is_still(anew, status)) {
        error_anew = anew;
    } else if (anew >= 0) {
        ::close(anew);
    }
}

// What has room there now, without waiting; -1 with errno, EAGAIN for none.
ssize_t write_some(std::string_view text) noexcept {
    struct stat status {};
    (void)::fstat(STDERR_FILENO, &status); // A confined child may not ask, and then polls.
    if (S_ISREG(status.st_mode)) {
        return ::write(STDERR_FILENO, text.data(), text.size());
    }
    if (is_still(error_anew, status)) { // Not where a child has closed it, and its number is
        return ::write(error_anew, text.data(), text.size()); // another file's.
    }
    if (S_ISSOCK(status.st_mode)) {
        return ::send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&room, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return ::write(
        STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF)); // It fits.
}

enum class WhenFull { drop, wait };

bool write_error(std::string_view text, WhenFull when_full) noexcept {
    const bool was_cut = is_line_cut.exchange(false);
    for (std::string_view part : {std::string_view(was_cut ? "\n" : ""), text}) {
        const std::size_t whole = part.size();
        while (!part.empty()) {
            const ssize_t wrote = write_some(part);
            if (wrote >= 0) {
                part.remove_prefix(static_cast<std::size_t>(wrote));
            } else if (errno == EAGAIN && when_full == WhenFull::wait) {
                pollfd room{STDERR_FILENO, POLLOUT, 0};
                (void)::poll(&room, 1, -1);
            } else if (errno == EAGAIN) {
                is_line_cut = was_cut || part.size() < whole;
                return true; // Somebody may hear later.
            } else if (errno != EINTR) {
                return false;
            }
        }
    }
    return true;
}

} // namespace

void hold_standard_streams() noexcept {
    (void)std::signal(SIGPIPE, SIG_IGN);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) {
            continue;
        }
        // Readable only where something is to be written: that it was closed is not forgotten.
        const int flags = stream == STDOUT_FILENO ? O_RDONLY : O_RDWR;
        (void)!::open("/dev/null", flags); // Takes the lowest number free, which is this one.
    }
    open_error_anew();
}

bool write_out(std::string_view text) noexcept {
    const std::size_t wrote = std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0 && wrote == text.size() && std::ferror(stdout) == 0;
}

bool write_err(std::string_view text) noexcept {
    return write_error(text, WhenFull::drop);
}

bool write_err_at_last(std::string_view text) noexcept {
    return write_error(text, WhenFull::wait);
}

std::string output_failure() {
    const bool flushed = std::fflush(stdout) == 0;
    if (flushed && std::ferror(stdout) == 0) {
        return "";
    }
    const int error = error_now();
    std::string why = "it was cut short";
    if (error == EBADF) {
        why = "it is closed";
    } else if (error == EPIPE) {
        why = "its reader has gone";
    } else if (error != 0) {
        why = std::generic_category().message(error);
    }
    return "standard output: cannot be written: " + why;
}

} // namespace results::text
