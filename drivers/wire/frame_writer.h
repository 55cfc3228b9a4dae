// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/packet.h"

#include <cstdint>
#include <vector>

namespace drivers::wire {

// Both ends of a frame to be written; the addresses are of one family.
struct FrameEnds {
    MacAddress mac_source{};
    MacAddress mac_destination{};
    IpAddress source;
    IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    FrameEnds turned() const noexcept {
        return {mac_destination, mac_source, destination, source, destination_port, source_port};
    }
};

struct TcpFields { // RFC 9293 section 3.1
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 65535;
};

struct EchoFields { // RFC 792, RFC 4443 section 4
    bool reply = false;
    std::uint16_t identifier = 0;
    std::uint16_t sequence = 0;
};

// Whole Ethernet frames over IPv4 or IPv6, lengths and checksums filled in. Payloads are cut where
// a length field ends.
std::vector<std::byte>
write_tcp_frame(const FrameEnds& ends, const TcpFields& fields, Bytes payload);
std::vector<std::byte> write_udp_frame(const FrameEnds& ends, Bytes payload);
std::vector<std::byte>
write_echo_frame(const FrameEnds& ends, const EchoFields& fields, Bytes payload);

} // namespace drivers::wire
