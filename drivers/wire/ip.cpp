// SPDX-License-Identifier: Apache-2.0
// IPv4 (RFC 791), IPv6 (RFC 8200) with its extension headers, mobility (RFC 6275) and
// authentication (RFC 4302).
#include "drivers/wire/layers.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace drivers::wire {

namespace {

constexpr int extension_headers_max = 16;

constexpr std::uint8_t header_hop_by_hop = 0;
constexpr std::uint8_t header_routing = 43;
constexpr std::uint8_t header_fragment = 44;
constexpr std::uint8_t header_authentication = 51;
constexpr std::uint8_t header_none = 59;
constexpr std::uint8_t header_destination_options = 60;
constexpr std::uint8_t header_mobility = 135;

IpAddress address(Bytes bytes, std::uint8_t family) noexcept {
    IpAddress out;
    out.family = family;
    std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
    return out;
}

// What lies behind the IP packet's end is Ethernet padding: zeros, unless somebody hides content
// there.
void mark_padding(Packet& packet, Bytes behind) noexcept {
    if (std::any_of(
            behind.begin(), behind.end(), [](std::byte value) { return value != std::byte{0}; })) {
        packet.marks |= mark_padding_content;
    }
}

struct Chain {
    std::uint8_t next = 0;
    bool ended = false; // No transport header follows.
};

// Reads one extension header; false: it is none, `next` names the transport.
bool read_extension(Packet& packet, Cursor& in, Chain& chain) noexcept {
    std::size_t behind_two = 0; // Bytes of the header behind its first two.
    switch (chain.next) {
    case header_hop_by_hop:
        packet.marks |= mark_ipv6_hop_by_hop;
        break;
    case header_routing:
        packet.marks |= mark_ipv6_routing;
        break;
    case header_destination_options:
        packet.marks |= mark_ipv6_destination_options;
        break;
    case header_mobility:
    case header_authentication:
    case header_fragment:
        break;
    case header_none:
        chain.ended = true;
        return false;
    default:
        return false;
    }
    const std::uint8_t kind = chain.next;
    chain.next = in.u8();
    const std::uint8_t length = in.u8();
    if (kind == header_fragment) {
        const std::uint16_t offset = in.u16();
        packet.ip_id = in.u32();
        packet.fragment_offset = static_cast<std::uint16_t>(offset & 0xFFF8U);
        packet.more_fragments = (offset & 1U) != 0;
        packet.marks |= mark_fragment;
        if (packet.fragment_offset == 0 && !packet.more_fragments) {
            packet.marks |= mark_atomic_fragment;
        }
    } else {
        behind_two =
            kind == header_authentication ? (length + 2U) * 4U - 2U : (length + 1U) * 8U - 2U;
        in.skip(behind_two);
    }
    return in.ok();
}

} // namespace

std::uint16_t internet_checksum(Bytes bytes, std::uint32_t sum) noexcept {
    // The sum is the same in either byte order (RFC 1071 section 2(B)): words are added as they lie
    // in memory, in a loop that the compiler vectorises, and swapped once at the end.
    std::uint64_t native = 0;
    const std::size_t words = bytes.size() / 4;
    for (std::size_t word = 0; word < words; ++word) {
        std::uint32_t value = 0;
        std::memcpy(&value, bytes.data() + word * 4, 4);
        native += value;
    }
    std::array<std::byte, 4> rest{};
    std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(words * 4), bytes.end(), rest.begin());
    std::uint32_t value = 0;
    std::memcpy(&value, rest.data(), 4);
    native += value;
    while (native >> 16U != 0) {
        native = (native & 0xFFFFU) + (native >> 16U);
    }
    std::uint64_t total =
        std::uint64_t{sum} + __builtin_bswap16(static_cast<std::uint16_t>(native));
    while (total >> 16U != 0) {
        total = (total & 0xFFFFU) + (total >> 16U);
    }
    return static_cast<std::uint16_t>(~total & 0xFFFFU);
}

std::optional<NextLayer> read_ipv4(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    const std::uint8_t version_and_length = in.u8();
    in.skip(1);
    const std::uint16_t total_bytes = in.u16();
    packet.ip_id = in.u16();
    const std::uint16_t flags_and_offset = in.u16();
    packet.ttl = in.u8();
    packet.protocol = in.u8();
    in.skip(2);
    const Bytes source = in.take(4);
    const Bytes destination = in.take(4);
    const std::size_t header_bytes = static_cast<std::size_t>(version_and_length & 0xFU) * 4;
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    // Offloaded sends of more than 64 KiB carry length 0: the frame's own end counts then.
    const std::size_t packet_bytes = total_bytes == 0 ? bytes.size() : total_bytes;
    if (version_and_length >> 4U != 4 || header_bytes < 20 || packet_bytes < header_bytes) {
        return stop(packet, Undecoded::bad_header);
    }
    if (header_bytes > bytes.size()) {
        return stop(packet, Undecoded::short_frame);
    }
    packet.ether_type = ether_type_ipv4;
    packet.source = address(source, 4);
    packet.destination = address(destination, 4);
    packet.marks |= header_bytes > 20 ? mark_ip_options : 0U;
    packet.marks |= (flags_and_offset & 0x8000U) != 0 ? mark_ip_reserved_bit : 0U;
    packet.marks |= internet_checksum(bytes.first(header_bytes), 0) != 0 ? mark_ip_checksum : 0U;
    packet.fragment_offset = static_cast<std::uint16_t>((flags_and_offset & 0x1FFFU) * 8U);
    packet.more_fragments = (flags_and_offset & 0x2000U) != 0;
    packet.marks |= packet.fragment_offset != 0 || packet.more_fragments ? mark_fragment : 0U;
    const std::size_t held = std::min(packet_bytes, bytes.size());
    if (held < packet_bytes && !packet.has(mark_truncated)) {
        return stop(packet, Undecoded::bad_length);
    }
    mark_padding(packet, bytes.subspan(held));
    packet.ip_payload = bytes.subspan(header_bytes, held - header_bytes);
    packet.payload_wire_bytes = static_cast<std::uint32_t>(packet_bytes - header_bytes);
    return NextLayer{NextLayer::Kind::transport, 0, packet.ip_payload};
}

std::optional<NextLayer> read_ipv6(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    const std::uint32_t version_and_label = in.u32();
    const std::uint16_t payload_bytes = in.u16();
    Chain chain{in.u8(), false};
    packet.ttl = in.u8();
    const Bytes source = in.take(16);
    const Bytes destination = in.take(16);
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    if (version_and_label >> 28U != 6) {
        return stop(packet, Undecoded::bad_header);
    }
    packet.ether_type = ether_type_ipv6;
    packet.source = address(source, 6);
    packet.destination = address(destination, 6);
    const bool jumbo = payload_bytes == 0; // A jumbogram (RFC 2675) or an offloaded send.
    const std::size_t wanted = jumbo ? in.left() : payload_bytes;
    const std::size_t held = std::min(wanted, in.left());
    if (held < wanted && !packet.has(mark_truncated)) {
        return stop(packet, Undecoded::bad_length);
    }
    mark_padding(packet, in.rest().subspan(held));
    Cursor inside(in.rest().first(held));
    for (int headers = 0; read_extension(packet, inside, chain); ++headers) {
        if (headers == extension_headers_max) {
            return stop(packet, Undecoded::too_many_layers);
        }
        if (packet.is_fragment() && packet.fragment_offset != 0) {
            break; // What follows is the middle of a packet.
        }
    }
    packet.protocol = chain.next;
    if (!inside.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    packet.ip_payload = inside.rest();
    packet.payload_wire_bytes = static_cast<std::uint32_t>(wanted - (held - inside.left()));
    if (chain.ended) {
        return std::nullopt;
    }
    return NextLayer{NextLayer::Kind::transport, 0, packet.ip_payload};
}

} // namespace drivers::wire
