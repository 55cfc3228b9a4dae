// SPDX-License-Identifier: Apache-2.0
// What libiscsi calls in place of the system's own calls: the build takes its archive and renames
// these five symbols, and that of stderr, in a copy, and leaves iSER out of it
// (drivers/CMakeLists.txt): libiscsi offers no place between its socket and its reading of a PDU.
#include "drivers/iscsi/pdu_watch.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace drivers::iscsi {

namespace {

// libiscsi's calls carry no context; the thread that makes one has said whose it is.
thread_local PduWatch* watch_now = nullptr;

std::span<const std::byte> bytes_of(const void* data, std::size_t bytes) noexcept {
    return {static_cast<const std::byte*>(data), bytes};
}

// What a call moved, piece by piece; the call's own result, or an error that ends the connection.
template <typename See>
ssize_t seen(const iovec* pieces, int count, ssize_t moved, const See& see) {
    std::size_t left = moved > 0 ? static_cast<std::size_t>(moved) : 0;
    for (int i = 0; i < count && left > 0; ++i) {
        const std::size_t here = std::min(left, pieces[i].iov_len); // NOLINT: a C array.
        if (!see(bytes_of(pieces[i].iov_base, here))) {             // NOLINT: a C array.
            errno = EPROTO;
            return -1;
        }
        left -= here;
    }
    return moved;
}

bool see_received(std::span<const std::byte> bytes) {
    return watch_now == nullptr || watch_now->received(bytes);
}

bool see_sent(std::span<const std::byte> bytes) {
    if (watch_now != nullptr) {
        watch_now->sent(bytes);
    }
    return true;
}

} // namespace

Watched::Watched(PduWatch* watch) noexcept
    : before_(std::exchange(watch_now, watch)) {}

Watched::~Watched() {
    watch_now = before_;
}

} // namespace drivers::iscsi

extern "C" {

// Declared here because libiscsi's objects are the only callers.
int arraybench_iscsi_socket(int domain, int type, int protocol);
ssize_t arraybench_iscsi_recv(int fd, void* data, std::size_t bytes, int flags);
ssize_t arraybench_iscsi_readv(int fd, const iovec* pieces, int count);
ssize_t arraybench_iscsi_send(int fd, const void* data, std::size_t bytes, int flags);
ssize_t arraybench_iscsi_writev(int fd, const iovec* pieces, int count);
struct iscsi_context;
void iscsi_init_iser_transport(iscsi_context* context); // No URL of this program asks for RDMA.
extern std::FILE* arraybench_iscsi_stderr;
std::FILE* arraybench_iscsi_stderr = stderr; // NOLINT: libiscsi's, which writes to it.

int arraybench_iscsi_socket(int domain, int type, int protocol) {
    return ::socket(domain, type | SOCK_CLOEXEC, protocol); // Of no business to hooks and tools.
}

ssize_t arraybench_iscsi_recv(int fd, void* data, std::size_t bytes, int flags) {
    const iovec piece{data, bytes};
    return drivers::iscsi::seen(
        &piece, 1, ::recv(fd, data, bytes, flags), drivers::iscsi::see_received);
}

ssize_t arraybench_iscsi_readv(int fd, const iovec* pieces, int count) {
    return drivers::iscsi::seen(
        pieces, count, ::readv(fd, pieces, count), drivers::iscsi::see_received);
}

ssize_t arraybench_iscsi_send(int fd, const void* data, std::size_t bytes, int flags) {
    const iovec piece{const_cast<void*>(data), bytes}; // NOLINT: only looked at.
    return drivers::iscsi::seen(
        &piece, 1, ::send(fd, data, bytes, flags | MSG_NOSIGNAL), drivers::iscsi::see_sent);
}

ssize_t arraybench_iscsi_writev(int fd, const iovec* pieces, int count) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces); // NOLINT: sendmsg only reads it.
    message.msg_iovlen = static_cast<std::size_t>(count);
    // As writev, but a connection that the array closed raises no SIGPIPE.
    return drivers::iscsi::seen(
        pieces, count, ::sendmsg(fd, &message, MSG_NOSIGNAL), drivers::iscsi::see_sent);
}

void iscsi_init_iser_transport(iscsi_context* /*context*/) {}

} // extern "C"
