// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace drivers::lab {

// Puts whole Ethernet frames onto an interface of the network that the calling thread is in.
class FrameSender {
public:
    // Throws HostError, also where no Ethernet is.
    explicit FrameSender(const std::string& interface);
    ~FrameSender();
    FrameSender(const FrameSender&) = delete;
    FrameSender& operator=(const FrameSender&) = delete;

    const std::array<std::uint8_t, 6>& address() const { return address_; } // Its own, Ethernet.
    bool send(std::span<const std::byte> frame) noexcept; // False: not taken, nothing was sent.

private:
    int descriptor_ = -1;
    std::array<std::uint8_t, 6> address_{};
};

} // namespace drivers::lab
