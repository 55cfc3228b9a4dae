// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/frame_sender.h"

#include "drivers/lab/frame_socket.h"

#include <sys/socket.h>
#include <unistd.h>

namespace drivers::lab {

FrameSender::FrameSender(const std::string& interface)
    : descriptor_(open_frame_socket(interface, 0, "frames to")) {}

FrameSender::~FrameSender() {
    ::close(descriptor_);
}

bool FrameSender::send(std::span<const std::byte> frame) noexcept {
    return ::send(descriptor_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

} // namespace drivers::lab
