// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/frame_sender.h"

#include "drivers/api/errors.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace drivers::lab {

FrameSender::FrameSender(const std::string& interface)
    : descriptor_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_ll at{};
    at.sll_family = AF_PACKET; // Protocol 0: nothing is received.
    at.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (descriptor_ < 0 || at.sll_ifindex == 0 ||
        ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) { // NOLINT
        const std::string why = std::generic_category().message(errno);
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        throw HostError(fmt::format("frames to {}: {}", interface, why));
    }
}

FrameSender::~FrameSender() {
    ::close(descriptor_);
}

bool FrameSender::send(std::span<const std::byte> frame) noexcept {
    return ::send(descriptor_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

} // namespace drivers::lab
