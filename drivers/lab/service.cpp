// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/service.h"

#include "drivers/api/errors.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <system_error>

namespace drivers::lab {

std::int64_t utc_now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

int open_service(const std::string& address, std::uint16_t port, bool stream) {
    constexpr int backlog = 64;
    const auto ip = wire::parse_ip_address(address);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(port);
    if (ip) {
        std::memcpy(&local.sin_addr, ip->bytes.data(), sizeof local.sin_addr);
    }
    const int type = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const int out = ::socket(AF_INET, type, 0);
    const int on = 1;
    if (out < 0 || ::setsockopt(out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(out, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 || // NOLINT
        (stream && ::listen(out, backlog) != 0)) {
        const std::string why = std::generic_category().message(errno);
        if (out >= 0) {
            ::close(out);
        }
        throw HostError(fmt::format("laboratory: {}:{}: {}", address, port, why));
    }
    return out;
}

std::string peer_text(const Peer& peer) {
    const std::string address = wire::to_text(peer.address);
    return peer.address.family == 6 ? fmt::format("[{}]:{}", address, peer.port)
                                    : fmt::format("{}:{}", address, peer.port);
}

std::string first_bytes(const std::byte* data, std::size_t size) {
    constexpr std::size_t shown = 64;
    std::string out;
    for (std::size_t i = 0; i < std::min(size, shown); ++i) {
        const char letter = static_cast<char>(data[i]); // NOLINT: bounded by the line above
        out += letter >= 0x20 && letter < 0x7F ? letter : '.';
    }
    return out;
}

} // namespace drivers::lab
