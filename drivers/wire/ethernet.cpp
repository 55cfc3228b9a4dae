// SPDX-License-Identifier: Apache-2.0
// IEEE 802.3 and 802.1Q/802.1ad, MPLS (RFC 3032), LLC/SNAP (IEEE 802.2), PPP (RFC 1661, 1662),
// Linux cooked capture.
#include "drivers/wire/layers.h"

#include <algorithm>

namespace drivers::wire {

namespace {

constexpr std::uint16_t ether_type_vlan = 0x8100;
constexpr std::uint16_t ether_type_service_vlan = 0x88A8;
constexpr std::uint16_t ether_type_service_vlan_old = 0x9100;
constexpr std::uint16_t ether_type_mpls = 0x8847;
constexpr std::uint16_t ether_type_mpls_multicast = 0x8848;
constexpr std::uint16_t ether_type_least = 0x0600; // Below: a length (IEEE 802.3 section 3.2.6).
constexpr std::uint16_t vlan_mask = 0x0FFF;
constexpr std::uint32_t mpls_bottom_of_stack = 0x100;
constexpr int tags_max = 4;
constexpr int mpls_labels_max = 16;

constexpr std::uint16_t ppp_ipv4 = 0x0021;
constexpr std::uint16_t ppp_ipv6 = 0x0057;

void copy_mac(Bytes from, MacAddress& to) noexcept {
    std::transform(from.begin(), from.end(), to.begin(), [](std::byte value) {
        return std::to_integer<std::uint8_t>(value);
    });
}

std::optional<NextLayer> read_llc(Packet& packet, Bytes bytes, std::uint16_t length) noexcept {
    Cursor in(bytes.first(std::min<std::size_t>(bytes.size(), length)));
    const std::uint16_t access_points = in.u16();
    const std::uint8_t control = in.u8();
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    packet.ether_type = access_points;
    if (access_points == 0xAAAA && control == 0x03) { // SNAP
        const std::uint32_t organisation = in.u24();
        const std::uint16_t type = in.u16();
        if (!in.ok()) {
            return stop(packet, Undecoded::short_frame);
        }
        if (organisation == 0) {
            return NextLayer{NextLayer::Kind::ether_type, type, in.rest()};
        }
    }
    packet.payload = in.rest();
    packet.payload_wire_bytes = static_cast<std::uint32_t>(in.left());
    return std::nullopt;
}

std::optional<NextLayer> read_mpls(Packet& packet, Cursor& in) noexcept {
    packet.encapsulation |= inside_mpls;
    for (int label = 0; label < mpls_labels_max; ++label) {
        const std::uint32_t entry = in.u32();
        if (!in.ok()) {
            return stop(packet, Undecoded::short_frame);
        }
        if ((entry & mpls_bottom_of_stack) != 0) {
            if (in.left() == 0) {
                return stop(packet, Undecoded::short_frame);
            }
            const unsigned version = std::to_integer<unsigned>(in.rest()[0]) >> 4U;
            if (version == 4 || version == 6) {
                return NextLayer{NextLayer::Kind::ip, 0, in.rest()};
            }
            if (version == 0 &&
                in.left() > 4) { // Pseudowire control word (RFC 4385), then Ethernet.
                in.skip(4);
                return NextLayer{NextLayer::Kind::ethernet, 0, in.rest()};
            }
            return stop(packet, Undecoded::bad_header);
        }
    }
    return stop(packet, Undecoded::too_many_layers);
}

} // namespace

std::optional<NextLayer> read_ethernet(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    const Bytes destination = in.take(6);
    const Bytes source = in.take(6);
    const std::uint16_t type = in.u16();
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    copy_mac(destination, packet.mac_destination);
    copy_mac(source, packet.mac_source);
    return NextLayer{NextLayer::Kind::ether_type, type, in.rest()};
}

std::optional<NextLayer>
read_ether_type(Packet& packet, std::uint16_t ether_type, Bytes bytes) noexcept {
    Cursor in(bytes);
    for (int tags = 0; ether_type == ether_type_vlan || ether_type == ether_type_service_vlan ||
                       ether_type == ether_type_service_vlan_old;
         ++tags) {
        const auto identifier = static_cast<std::uint16_t>(in.u16() & vlan_mask);
        const std::uint16_t inner = in.u16();
        if (!in.ok()) {
            return stop(packet, Undecoded::short_frame);
        }
        if (tags == tags_max) {
            return stop(packet, Undecoded::too_many_layers);
        }
        if (tags > 0) {
            packet.encapsulation |= inside_qinq;
        }
        packet.vlan_outer = tags == 0                ? std::uint16_t{0}
                            : packet.vlan_outer == 0 ? packet.vlan
                                                     : packet.vlan_outer;
        packet.vlan = identifier;
        ether_type = inner;
    }
    if (ether_type < ether_type_least) {
        return read_llc(packet, in.rest(), ether_type);
    }
    packet.ether_type = ether_type;
    switch (ether_type) {
    case ether_type_ipv4:
    case ether_type_ipv6:
        return NextLayer{NextLayer::Kind::ip, ether_type, in.rest()};
    case ether_type_mpls:
    case ether_type_mpls_multicast:
        return read_mpls(packet, in);
    case ether_type_arp:
    case ether_type_lldp:
        packet.payload = in.rest();
        packet.payload_wire_bytes = static_cast<std::uint32_t>(in.left());
        return std::nullopt;
    default:
        return stop(packet, Undecoded::unknown_ether_type);
    }
}

std::optional<NextLayer> read_ppp(Packet& packet, Bytes bytes) noexcept {
    packet.encapsulation |= inside_ppp;
    Cursor in(bytes);
    std::uint16_t protocol = in.u8();
    if (protocol == 0xFF) { // Address and control field (RFC 1662 section 3.1)
        in.skip(1);
        protocol = in.u8();
    }
    if ((protocol & 1U) == 0) { // Not compressed: two bytes.
        protocol = static_cast<std::uint16_t>(protocol << 8U | in.u8());
    }
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    if (protocol == ppp_ipv4 || protocol == ppp_ipv6) {
        return NextLayer{NextLayer::Kind::ip,
                         protocol == ppp_ipv4 ? ether_type_ipv4 : ether_type_ipv6,
                         in.rest()};
    }
    return stop(packet, Undecoded::unknown_protocol);
}

} // namespace drivers::wire
