// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/frame_socket.h"

#include "drivers/api/errors.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace drivers::lab {

int open_frame_socket(const std::string& interface,
                      std::uint16_t protocol,
                      const std::string& what) {
    const int out = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_protocol = htons(protocol);
    at.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (out < 0 || at.sll_ifindex == 0 ||
        ::bind(out, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) { // NOLINT
        const std::string why = std::generic_category().message(errno);
        if (out >= 0) {
            ::close(out);
        }
        throw HostError(fmt::format("{} {}: {}", what, interface, why));
    }
    return out;
}

} // namespace drivers::lab
