// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace drivers::lab {

// A descriptor that never waits, bound to whole frames of one interface (packet(7)). `protocol`: an
// ETH_P_ value of what shall be received, 0 = nothing. Throws HostError, which begins with `what`.
int open_frame_socket(const std::string& interface,
                      std::uint16_t protocol,
                      const std::string& what);

} // namespace drivers::lab
