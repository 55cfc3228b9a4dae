// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/packet.h"

#include <optional>

// The decoder's own steps, one layer each: a layer reads its header and says which layer is next.
namespace drivers::wire {

struct NextLayer {
    enum class Kind : std::uint8_t {
        ethernet,
        ether_type,
        ppp,
        ip,
        transport
    } kind = Kind::ether_type;
    std::uint16_t ether_type = 0;
    Bytes rest{};
};

// Layers return nothing when the frame ends with them: read whole, or with packet.undecoded set.
std::optional<NextLayer> read_ethernet(Packet& packet, Bytes bytes) noexcept;
std::optional<NextLayer>
read_ether_type(Packet& packet, std::uint16_t ether_type, Bytes bytes) noexcept;
std::optional<NextLayer> read_ppp(Packet& packet, Bytes bytes) noexcept;
std::optional<NextLayer> read_ipv4(Packet& packet, Bytes bytes) noexcept;
std::optional<NextLayer> read_ipv6(Packet& packet, Bytes bytes) noexcept;

// TCP, UDP, ICMP, SCTP end a frame; GRE, IP in IP and VXLAN go on.
std::optional<NextLayer> read_transport(Packet& packet, Bytes bytes) noexcept;
std::optional<NextLayer> read_gre(Packet& packet, Bytes bytes) noexcept;
std::optional<NextLayer> read_vxlan(Packet& packet, Bytes bytes) noexcept;

inline std::nullopt_t stop(Packet& packet, Undecoded why) noexcept {
    packet.undecoded = why;
    return std::nullopt;
}

// Internet checksum (RFC 1071) over `bytes`, starting from `sum`; 0 = right, when the checksum
// field is included.
std::uint16_t internet_checksum(Bytes bytes, std::uint32_t sum) noexcept;

} // namespace drivers::wire
