// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace drivers::lab {

// Puts whole Ethernet frames onto an interface of the network that the calling thread is in.
class FrameSender {
public:
    explicit FrameSender(const std::string& interface); // Throws HostError.
    ~FrameSender();
    FrameSender(const FrameSender&) = delete;
    FrameSender& operator=(const FrameSender&) = delete;

    bool send(std::span<const std::byte> frame) noexcept; // False: not taken, nothing was sent.

private:
    int descriptor_ = -1;
};

} // namespace drivers::lab
