// SPDX-License-Identifier: Apache-2.0
// GRE (RFC 2784, 2890), ERSPAN types I to III (draft-foschiano-erspan-03), PPTP's GRE (RFC 2637),
// VXLAN (RFC 7348).
#include "drivers/wire/layers.h"

namespace drivers::wire {

namespace {

constexpr std::uint16_t gre_checksum = 0x8000;
constexpr std::uint16_t gre_routing = 0x4000;
constexpr std::uint16_t gre_key = 0x2000;
constexpr std::uint16_t gre_sequence = 0x1000;
constexpr std::uint16_t gre_acknowledgement = 0x0080; // Version 1 only.

constexpr std::uint16_t type_erspan_1_2 = 0x88BE;
constexpr std::uint16_t type_erspan_3 = 0x22EB;
constexpr std::uint16_t type_ethernet_bridging = 0x6558;
constexpr std::uint16_t type_ppp = 0x880B;

constexpr std::uint8_t vxlan_identifier_valid = 0x08;

std::optional<NextLayer>
read_erspan(Packet& packet, Cursor& in, std::uint16_t type, bool has_sequence) noexcept {
    packet.encapsulation |= inside_erspan;
    if (type == type_erspan_3) {
        in.skip(11);
        const std::uint8_t flags = in.u8();
        if ((flags & 1U) != 0) { // Platform specific subheader
            in.skip(8);
        }
    } else if (has_sequence) { // Type II has a sequence number and 8 bytes; type I has neither.
        in.skip(8);
    }
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    return NextLayer{NextLayer::Kind::ethernet, 0, in.rest()};
}

} // namespace

std::optional<NextLayer> read_gre(Packet& packet, Bytes bytes) noexcept {
    packet.encapsulation |= inside_gre;
    Cursor in(bytes);
    const std::uint16_t flags = in.u16();
    const std::uint16_t type = in.u16();
    const unsigned version = flags & 7U;
    if (version > 1 || (flags & gre_routing) != 0) {
        return stop(packet, in.ok() ? Undecoded::bad_header : Undecoded::short_frame);
    }
    in.skip((flags & gre_checksum) != 0 ? 4 : 0);
    in.skip((flags & gre_key) != 0 ? 4 : 0);
    in.skip((flags & gre_sequence) != 0 ? 4 : 0);
    in.skip(version == 1 && (flags & gre_acknowledgement) != 0 ? 4 : 0);
    if (!in.ok()) {
        return stop(packet, Undecoded::short_frame);
    }
    if (type == type_erspan_1_2 || type == type_erspan_3) {
        return read_erspan(packet, in, type, (flags & gre_sequence) != 0);
    }
    if (type == type_ethernet_bridging) {
        return NextLayer{NextLayer::Kind::ethernet, 0, in.rest()};
    }
    if (type == type_ppp) {
        if (in.left() == 0) { // PPTP sends bare acknowledgements.
            return std::nullopt;
        }
        return NextLayer{NextLayer::Kind::ppp, 0, in.rest()};
    }
    return NextLayer{NextLayer::Kind::ether_type, type, in.rest()};
}

std::optional<NextLayer> read_vxlan(Packet& packet, Bytes bytes) noexcept {
    Cursor in(bytes);
    const std::uint8_t flags = in.u8();
    in.skip(7);
    if (!in.ok() || (flags & vxlan_identifier_valid) == 0) {
        return std::nullopt; // UDP to that port, but not VXLAN.
    }
    packet.encapsulation |= inside_vxlan;
    return NextLayer{NextLayer::Kind::ethernet, 0, in.rest()};
}

} // namespace drivers::wire
