// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"
#include "drivers/wire/ip_address.h"

#include <array>
#include <cstdint>

namespace drivers::wire {

// Why a frame, or the rest of one, could not be read. `none` = read down to the transport payload.
enum class Undecoded : std::uint8_t {
    none,
    unknown_link, // A link type that this program does not read.
    short_frame,  // Ends inside a header.
    bad_header,   // A header contradicts itself (version, length).
    bad_length,   // A length field reaches past the frame.
    unknown_ether_type,
    unknown_protocol, // An IP protocol number without a decoder.
    too_many_layers
};

// Oddities seen on the way; a frame may carry several. Marks never hide a frame from the accounts.
enum Mark : std::uint32_t {
    mark_truncated = 1U << 0U,          // The capture holds less than the wire did.
    mark_ip_checksum = 1U << 1U,        // Wrong IPv4 header checksum.
    mark_transport_checksum = 1U << 2U, // Wrong TCP/UDP/ICMP checksum (offload looks the same).
    mark_fragment = 1U << 3U,
    mark_atomic_fragment =
        1U << 4U, // IPv6 fragment header with offset 0 and no more fragments (RFC 6946).
    mark_ip_options = 1U << 5U,
    mark_ip_reserved_bit = 1U << 6U,   // RFC 791: must be zero.
    mark_tcp_reserved_bits = 1U << 7U, // RFC 9293: must be zero.
    mark_tcp_unusual_option = 1U << 8U,
    mark_tcp_urgent = 1U << 9U,
    mark_ipv6_destination_options = 1U << 10U,
    mark_ipv6_routing = 1U << 11U,
    mark_ipv6_hop_by_hop = 1U << 12U,
    mark_padding_content = 1U << 13U,    // Bytes that are not zero after the IP packet's end.
    mark_malformed_transport = 1U << 14U // The transport header does not fit or contradicts itself.
};

enum Encapsulation : std::uint8_t {
    inside_qinq = 1U << 0U,
    inside_mpls = 1U << 1U,
    inside_vxlan = 1U << 2U,
    inside_gre = 1U << 3U,
    inside_erspan = 1U << 4U,
    inside_ip = 1U << 5U, // IP in IP, IPv6 in IPv4
    inside_ppp = 1U << 6U
};

using MacAddress = std::array<std::uint8_t, 6>;

// One frame taken apart down to its innermost transport payload. Spans point into the frame.
struct Packet {
    MacAddress mac_source{};
    MacAddress mac_destination{};
    std::uint16_t ether_type =
        0; // Of the innermost network layer; below 0x0600 an LLC frame's DSAP/SSAP.
    std::uint16_t vlan = 0; // Innermost 802.1Q identifier; 0 = untagged.
    std::uint16_t vlan_outer = 0;
    std::uint8_t encapsulation = 0; // Encapsulation bits.
    std::uint8_t protocol = 0;      // IP protocol number; meaningful when source.family != 0.
    std::uint8_t ttl = 0;
    Undecoded undecoded = Undecoded::none;
    std::uint32_t marks = 0;

    IpAddress source;
    IpAddress destination;
    std::uint32_t ip_id = 0;           // IPv4 identification or IPv6 fragment identification.
    std::uint16_t fragment_offset = 0; // In bytes.
    bool more_fragments = false;
    Bytes ip_payload{}; // Behind the IP headers: what reassembly joins.

    std::uint16_t source_port = 0;      // ICMP: type; SCTP, TCP, UDP: port.
    std::uint16_t destination_port = 0; // ICMP: code.
    std::uint8_t tcp_flags = 0;
    std::uint32_t tcp_sequence = 0;
    std::uint32_t tcp_acknowledgement = 0;
    Bytes payload{};                      // Transport payload as captured.
    std::uint32_t payload_wire_bytes = 0; // As the headers say it was on the wire.

    bool has(Mark mark) const noexcept { return (marks & mark) != 0; }
    bool is_fragment() const noexcept { return has(mark_fragment) && !has(mark_atomic_fragment); }
    bool is_ip() const noexcept { return source.family != 0; }
};

enum TcpFlag : std::uint8_t {
    tcp_fin = 1,
    tcp_syn = 2,
    tcp_rst = 4,
    tcp_psh = 8,
    tcp_ack = 16,
    tcp_urg = 32
};

inline constexpr std::uint8_t protocol_icmp = 1;
inline constexpr std::uint8_t protocol_tcp = 6;
inline constexpr std::uint8_t protocol_udp = 17;
inline constexpr std::uint8_t protocol_gre = 47;
inline constexpr std::uint8_t protocol_icmp6 = 58;
inline constexpr std::uint8_t protocol_sctp = 132;

inline constexpr std::uint16_t ether_type_ipv4 = 0x0800;
inline constexpr std::uint16_t ether_type_arp = 0x0806;
inline constexpr std::uint16_t ether_type_ipv6 = 0x86DD;
inline constexpr std::uint16_t ether_type_lldp = 0x88CC;

// Takes a frame apart. `link_type` is a LINKTYPE_ value (Ethernet 1, PPP 9, raw IP
// 12/14/101/228/229, Linux cooked 113 and 276, BSD loopback 0 and 108); `wire_bytes` its length on
// the wire. Never reads past `frame`, never throws.
Packet decode_frame(Bytes frame, std::uint16_t link_type, std::uint32_t wire_bytes) noexcept;

// Decodes an IP payload that fragments were joined to: fills ports, flags and payload of `packet`
// from it.
void decode_transport(Packet& packet, Bytes ip_payload) noexcept;

} // namespace drivers::wire
