// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "drivers/api/capture_source.h"

#include <cstdint>
#include <string>

namespace bench::egress {

// Frames made for self-tests: raw IP (LINKTYPE_RAW), their checksums as an offloading card leaves
// them.
struct MadeEnds {
    IpAddress from;
    IpAddress to;
    std::uint16_t from_port = 0;
    std::uint16_t to_port = 0;
};

MadeEnds turned(const MadeEnds& ends);
std::string made_udp(const MadeEnds& ends, const std::string& data);
std::string
made_tcp(const MadeEnds& ends, std::uint8_t flags, std::uint32_t sequence, const std::string& data);
std::string
made_echo(const MadeEnds& ends, bool request, std::uint16_t number, const std::string& data);

drivers::Frame frame_of(const std::string& packet, std::int64_t at_ns); // Borrows the packet.

} // namespace bench::egress
