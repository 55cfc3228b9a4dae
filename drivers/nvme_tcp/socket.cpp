// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/socket.h"

#include "drivers/api/errors.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>

namespace drivers::nvme_tcp {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (error != 0) {
        throw UsageError(fmt::format("NVMe/TCP host {}: {}", host, gai_strerror(error)));
    }
    return {found, &freeaddrinfo};
}

// Error number of the attempt, 0 = connected.
int try_connect(int number, const addrinfo& address, Clock& clock, TimePoint deadline) {
    if (::connect(number, address.ai_addr, address.ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    if (!wait_ready(number, POLLOUT, clock, deadline)) {
        return ETIMEDOUT;
    }
    int error = 0;
    socklen_t bytes = sizeof error;
    getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &bytes);
    return error;
}

} // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
    }
    return *this;
}

void Descriptor::close() noexcept {
    if (number_ >= 0) {
        ::close(std::exchange(number_, -1));
    }
}

Descriptor
connect_tcp(const std::string& host, std::uint16_t port, Clock& clock, TimePoint deadline) {
    const AddressList addresses = resolve(host, port);
    int error = 0;
    for (const addrinfo* address = addresses.get(); address != nullptr;
         address = address->ai_next) {
        Descriptor socket(
            ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (socket.number() < 0) {
            error = errno;
            continue;
        }
        const int on = 1;
        setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        error = try_connect(socket.number(), *address, clock, deadline);
        if (error == 0) {
            return socket;
        }
    }
    throw ArrayError(fmt::format("nvme+tcp://{}:{}: cannot connect: {}",
                                 host,
                                 port,
                                 std::generic_category().message(error)));
}

std::string portal_text(const std::string& host, const std::string& port) {
    return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

bool wait_ready(int number, short events, Clock& clock, TimePoint deadline) noexcept {
    constexpr auto slice = std::chrono::milliseconds(50); // The clock may be a test's own.
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now());
        if (left.count() <= 0) {
            return false;
        }
        pollfd wanted{.fd = number, .events = events, .revents = 0};
        const auto wait_ms = std::min<std::chrono::milliseconds>(left, slice);
        if (::poll(&wanted, 1, static_cast<int>(wait_ms.count())) > 0) {
            return true;
        }
    }
}

} // namespace drivers::nvme_tcp
