// SPDX-License-Identifier: Apache-2.0
// TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443), SCTP (RFC 9260).
#include "drivers/wire/layers.h"

#include <algorithm>

namespace drivers::wire {

namespace {

constexpr std::uint16_t port_vxlan = 4789;       // RFC 7348 section 8.1
constexpr std::uint16_t port_vxlan_linux = 8472; // Linux's first default
constexpr std::uint8_t protocol_ip_in_ip = 4;
constexpr std::uint8_t protocol_ipv6_in_ip = 41;
constexpr std::size_t tcp_header_bytes_min = 20;

// The pseudo header's share of the checksum (RFC 9293 section 3.1, RFC 8200 section 8.1).
std::uint32_t pseudo_header_sum(const Packet& packet, std::size_t transport_bytes) noexcept {
    const std::size_t count = packet.source.family == 4 ? 4 : 16;
    std::uint32_t sum = packet.protocol;
    sum += static_cast<std::uint32_t>(transport_bytes >> 16U) +
           static_cast<std::uint32_t>(transport_bytes & 0xFFFFU);
    for (std::size_t i = 0; i < count; i += 2) {
        sum +=
            static_cast<std::uint32_t>(packet.source.bytes[i] << 8U | packet.source.bytes[i + 1]);
        sum += static_cast<std::uint32_t>(packet.destination.bytes[i] << 8U |
                                          packet.destination.bytes[i + 1]);
    }
    return sum;
}

void check_transport_checksum(Packet& packet, Bytes segment, bool pseudo_header) noexcept {
    if (packet.has(mark_truncated) || packet.is_fragment()) {
        return; // Not all of it is here.
    }
    if (internet_checksum(segment, pseudo_header ? pseudo_header_sum(packet, segment.size()) : 0) !=
        0) {
        packet.marks |= mark_transport_checksum;
    }
}

void set_payload(Packet& packet, Bytes bytes, std::size_t header_bytes) noexcept {
    packet.payload = bytes.subspan(std::min(header_bytes, bytes.size()));
    const auto header = static_cast<std::uint32_t>(header_bytes);
    packet.payload_wire_bytes =
        packet.payload_wire_bytes > header ? packet.payload_wire_bytes - header : 0;
}

// Options that ordinary stacks send: end, no-op, MSS, window scale, SACK (2 kinds), timestamps (RFC
// 9293, 7323, 2018), MD5 (RFC 2385), TCP-AO (RFC 5925), MPTCP (RFC 8684), fast open (RFC 7413).
bool usual_tcp_options(Bytes options) noexcept {
    Cursor in(options);
    while (in.left() > 0) {
        const std::uint8_t kind = in.u8();
        if (kind == 0) {
            const Bytes rest = in.rest();
            return std::all_of(
                rest.begin(), rest.end(), [](std::byte value) { return value == std::byte{0}; });
        }
        if (kind == 1) {
            continue;
        }
        const std::uint8_t length = in.u8();
        const bool known = (kind >= 2 && kind <= 5) || kind == 8 || kind == 19 || kind == 29 ||
                           kind == 30 || kind == 34;
        if (!known || length < 2 || !in.ok()) {
            return false;
        }
        in.skip(length - 2U);
        if (!in.ok()) {
            return false;
        }
    }
    return true;
}

void read_tcp(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    packet.source_port = in.u16();
    packet.destination_port = in.u16();
    packet.tcp_sequence = in.u32();
    packet.tcp_acknowledgement = in.u32();
    const std::uint16_t offset_and_flags = in.u16();
    in.skip(4);
    const std::uint16_t urgent = in.u16();
    const std::size_t header_bytes = static_cast<std::size_t>(offset_and_flags >> 12U) * 4;
    packet.tcp_flags = static_cast<std::uint8_t>(offset_and_flags & 0xFFU);
    if (!in.ok() || header_bytes < tcp_header_bytes_min || header_bytes > bytes.size()) {
        packet.marks |= mark_malformed_transport;
        packet.payload_wire_bytes = 0;
        return;
    }
    packet.marks |= (offset_and_flags & 0x0E00U) != 0 ? mark_tcp_reserved_bits : 0U;
    packet.marks |= urgent != 0 || (packet.tcp_flags & tcp_urg) != 0 ? mark_tcp_urgent : 0U;
    const Bytes options = bytes.subspan(tcp_header_bytes_min, header_bytes - tcp_header_bytes_min);
    packet.marks |= usual_tcp_options(options) ? 0U : mark_tcp_unusual_option;
    check_transport_checksum(packet, bytes, true);
    set_payload(packet, bytes, header_bytes);
}

std::optional<NextLayer> read_udp(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    packet.source_port = in.u16();
    packet.destination_port = in.u16();
    const std::uint16_t length = in.u16();
    const std::uint16_t checksum = in.u16();
    if (!in.ok() || (length != 0 && length < 8) ||
        (length > bytes.size() && !packet.is_fragment() && !packet.has(mark_truncated))) {
        packet.marks |= mark_malformed_transport;
        packet.payload_wire_bytes = 0;
        return std::nullopt;
    }
    const Bytes datagram =
        length == 0 ? bytes : bytes.first(std::min<std::size_t>(length, bytes.size()));
    if (checksum != 0 || packet.source.family == 6) {
        check_transport_checksum(packet, datagram, true);
    }
    set_payload(packet, datagram, 8);
    if (length >= 8 && !packet.is_fragment()) {
        packet.payload_wire_bytes = length - 8U;
    }
    if ((packet.destination_port == port_vxlan || packet.destination_port == port_vxlan_linux) &&
        !packet.is_fragment()) {
        return read_vxlan(packet, packet.payload);
    }
    return std::nullopt;
}

void read_icmp(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    packet.source_port = in.u8();
    packet.destination_port = in.u8();
    in.skip(6);
    if (!in.ok()) {
        packet.marks |= mark_malformed_transport;
        packet.payload = bytes.subspan(std::min<std::size_t>(bytes.size(), 4));
        return;
    }
    check_transport_checksum(packet, bytes, packet.protocol == protocol_icmp6);
    set_payload(packet, bytes, 8);
}

void read_sctp(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    packet.source_port = in.u16();
    packet.destination_port = in.u16();
    in.skip(8);
    if (!in.ok()) {
        packet.marks |= mark_malformed_transport;
        return;
    }
    set_payload(packet, bytes, 12);
}

} // namespace

std::optional<NextLayer> read_transport(Packet& packet, Bytes bytes) noexcept {
    if (packet.is_fragment() && packet.fragment_offset != 0) {
        packet.payload = bytes; // The middle of something: reassembly reads it.
        return std::nullopt;
    }
    switch (packet.protocol) {
    case protocol_tcp:
        read_tcp(packet, bytes);
        return std::nullopt;
    case protocol_udp:
        return read_udp(packet, bytes);
    case protocol_icmp:
    case protocol_icmp6:
        read_icmp(packet, bytes);
        return std::nullopt;
    case protocol_sctp:
        read_sctp(packet, bytes);
        return std::nullopt;
    case protocol_gre:
        return read_gre(packet, bytes);
    case protocol_ip_in_ip:
    case protocol_ipv6_in_ip:
        packet.encapsulation |= inside_ip;
        return NextLayer{NextLayer::Kind::ip, 0, bytes};
    default:
        packet.payload = bytes;
        return stop(packet, Undecoded::unknown_protocol);
    }
}

void decode_transport(Packet& packet, Bytes ip_payload) noexcept {
    packet.marks &= ~static_cast<std::uint32_t>(mark_fragment);
    packet.fragment_offset = 0;
    packet.more_fragments = false;
    packet.ip_payload = ip_payload;
    packet.payload = {};
    packet.payload_wire_bytes = static_cast<std::uint32_t>(ip_payload.size());
    packet.undecoded = Undecoded::none;
    (void)read_transport(packet, ip_payload);
}

} // namespace drivers::wire
