// SPDX-License-Identifier: Apache-2.0
#include "results/text/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

namespace results::text {

namespace {

bool write_to(std::FILE* stream, std::string_view text) noexcept {
    const std::size_t wrote = std::fwrite(text.data(), 1, text.size(), stream);
    return std::fflush(stream) == 0 && wrote == text.size() && std::ferror(stream) == 0;
}

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
}

bool write_out(std::string_view text) noexcept {
    return write_to(stdout, text);
}

bool write_err(std::string_view text) noexcept {
    const bool heard = write_to(stderr, text);
    std::clearerr(stderr);
    return heard;
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
