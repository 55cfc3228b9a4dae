// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/patient_socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace drivers::array {

namespace {

int open_socket(PatientSocket::Kind kind, int family) noexcept {
    const int domain = family == 6 ? AF_INET6 : AF_INET;
    constexpr int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    switch (kind) {
    case PatientSocket::Kind::udp:
        return ::socket(domain, SOCK_DGRAM | flags, 0);
    case PatientSocket::Kind::tcp:
        return ::socket(domain, SOCK_STREAM | flags, 0);
    case PatientSocket::Kind::icmp:
        break;
    }
    return ::socket(
        domain, SOCK_RAW | flags, family == 6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP});
}

} // namespace

PatientSocket::PatientSocket(Kind kind,
                             int family,
                             const std::string& interface,
                             int stop_fd) noexcept
    : descriptor_(open_socket(kind, family))
    , stop_fd_(stop_fd) {
    if (descriptor_ >= 0 && !interface.empty() &&
        ::setsockopt(descriptor_,
                     SOL_SOCKET,
                     SO_BINDTODEVICE,
                     interface.c_str(),
                     static_cast<socklen_t>(interface.size())) != 0) {
        close(); // By another port it would be somebody else's message.
    }
}

PatientSocket::~PatientSocket() {
    close();
}

PatientSocket::PatientSocket(PatientSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1))
    , stop_fd_(other.stop_fd_) {}

PatientSocket& PatientSocket::operator=(PatientSocket&& other) noexcept {
    if (this != &other) {
        close();
        descriptor_ = std::exchange(other.descriptor_, -1);
        stop_fd_ = other.stop_fd_;
    }
    return *this;
}

void PatientSocket::close() noexcept {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        descriptor_ = -1;
    }
}

bool PatientSocket::wait_for(short events, TimePoint until) noexcept {
    constexpr std::int64_t wait_ms_max = 60'000;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            return false;
        }
        std::array<pollfd, 2> watched{{{descriptor_, events, 0}, {stop_fd_, POLLIN, 0}}};
        const int got = ::poll(watched.data(),
                               watched.size(),
                               static_cast<int>(std::min<std::int64_t>(left.count(), wait_ms_max)));
        if (watched[1].revents != 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        if (got > 0 && watched[0].revents != 0) {
            return true;
        }
    }
}

bool PatientSocket::connect(const wire::IpAddress& to,
                            std::uint16_t port,
                            TimePoint until) noexcept {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (to.family == 4) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        std::memcpy(&address.sin_addr, to.bytes.data(), sizeof address.sin_addr);
        length = sizeof address;
        std::memcpy(&storage, &address, length);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        std::memcpy(&address.sin6_addr, to.bytes.data(), sizeof address.sin6_addr);
        length = sizeof address;
        std::memcpy(&storage, &address, length);
    }
    const auto* generic =
        reinterpret_cast<const sockaddr*>(&storage); // NOLINT: the calls' own type
    if (descriptor_ < 0) {
        return false;
    }
    if (::connect(descriptor_, generic, length) == 0) {
        return true;
    }
    if (errno != EINPROGRESS || !wait_for(POLLOUT, until)) {
        return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

bool PatientSocket::send_all(std::span<const std::byte> bytes, TimePoint until) noexcept {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (sent < 0 && errno == EAGAIN ? !wait_for(POLLOUT, until) : errno != EINTR) {
            return false;
        }
    }
    return true;
}

std::size_t PatientSocket::receive(std::span<std::byte> into, TimePoint until) noexcept {
    for (;;) {
        const ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
        if (got >= 0) {
            return static_cast<std::size_t>(got);
        }
        if (errno != EINTR && (errno != EAGAIN || !wait_for(POLLIN, until))) {
            return 0;
        }
    }
}

void PatientSocket::end_sending() noexcept {
    ::shutdown(descriptor_, SHUT_WR);
}

} // namespace drivers::array
