// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/socket_name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <fmt/format.h>

namespace drivers::iscsi {

std::string peer_of(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) { // NOLINT
        return "";
    }
    if (address.ss_family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &address, sizeof four);
        inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), ntohs(four.sin_port));
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &address, sizeof six);
        if (six.sin6_scope_id == 0) {
            inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
            return fmt::format("[{}]:{}", text.data(), ntohs(six.sin6_port));
        }
    }
    return "";
}

} // namespace drivers::iscsi
