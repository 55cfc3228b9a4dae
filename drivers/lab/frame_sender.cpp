// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/frame_sender.h"

#include "drivers/api/errors.h"
#include "drivers/lab/frame_socket.h"

#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace drivers::lab {

FrameSender::FrameSender(const std::string& interface)
    : descriptor_(open_frame_socket(interface, 0, "frames to")) {
    sockaddr_ll own{};
    socklen_t length = sizeof own;
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &length) != 0 || // NOLINT
        own.sll_hatype != ARPHRD_ETHER || own.sll_halen != address_.size()) {
        ::close(descriptor_);
        throw HostError(fmt::format("frames to {}: no Ethernet interface", interface));
    }
    std::copy_n(std::begin(own.sll_addr), address_.size(), address_.begin());
}

FrameSender::~FrameSender() {
    ::close(descriptor_);
}

bool FrameSender::send(std::span<const std::byte> frame) noexcept {
    return ::send(descriptor_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

} // namespace drivers::lab
