// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/packet.h"

#include "drivers/wire/layers.h"

namespace drivers::wire {

namespace {

constexpr int layers_max = 16;

// LINKTYPE_ values of the capture formats (draft-ietf-opsawg-pcaplinktype).
enum LinkType : std::uint16_t {
    link_null = 0,
    link_ethernet = 1,
    link_ppp = 9,
    link_raw_bsd = 12,
    link_raw_openbsd = 14,
    link_raw = 101,
    link_loop = 108,
    link_linux_cooked = 113,
    link_ipv4 = 228,
    link_ipv6 = 229,
    link_linux_cooked_2 = 276
};

std::optional<NextLayer>
first_layer(Packet& packet, Bytes frame, std::uint16_t link_type) noexcept {
    Cursor in(frame);
    switch (link_type) {
    case link_ethernet:
        return NextLayer{NextLayer::Kind::ethernet, 0, frame};
    case link_ppp:
        return NextLayer{NextLayer::Kind::ppp, 0, frame};
    case link_raw:
    case link_raw_bsd:
    case link_raw_openbsd:
    case link_ipv4:
    case link_ipv6:
        return NextLayer{NextLayer::Kind::ip, 0, frame};
    case link_null:
    case link_loop:
        in.skip(4); // The address family, in the byte order of whoever captured: the IP version
                    // says as much.
        return in.ok() ? std::optional(NextLayer{NextLayer::Kind::ip, 0, in.rest()})
                       : stop(packet, Undecoded::short_frame);
    case link_linux_cooked: {
        in.skip(14);
        const std::uint16_t type = in.u16();
        return in.ok() ? std::optional(NextLayer{NextLayer::Kind::ether_type, type, in.rest()})
                       : stop(packet, Undecoded::short_frame);
    }
    case link_linux_cooked_2: {
        const std::uint16_t type = in.u16();
        in.skip(18);
        return in.ok() ? std::optional(NextLayer{NextLayer::Kind::ether_type, type, in.rest()})
                       : stop(packet, Undecoded::short_frame);
    }
    default:
        return stop(packet, Undecoded::unknown_link);
    }
}

std::optional<NextLayer> read_ip(Packet& packet, Bytes bytes) noexcept {
    if (bytes.empty()) {
        return stop(packet, Undecoded::short_frame);
    }
    switch (std::to_integer<unsigned>(bytes[0]) >> 4U) {
    case 4:
        return read_ipv4(packet, bytes);
    case 6:
        return read_ipv6(packet, bytes);
    default:
        return stop(packet, Undecoded::bad_header);
    }
}

std::optional<NextLayer> read_layer(Packet& packet, const NextLayer& layer) noexcept {
    switch (layer.kind) {
    case NextLayer::Kind::ethernet:
        return read_ethernet(packet, layer.rest);
    case NextLayer::Kind::ether_type:
        return read_ether_type(packet, layer.ether_type, layer.rest);
    case NextLayer::Kind::ppp:
        return read_ppp(packet, layer.rest);
    case NextLayer::Kind::ip:
        return read_ip(packet, layer.rest);
    case NextLayer::Kind::transport:
        return read_transport(packet, layer.rest);
    }
    return std::nullopt;
}

} // namespace

Packet decode_frame(Bytes frame, std::uint16_t link_type, std::uint32_t wire_bytes) noexcept {
    Packet packet;
    packet.marks = frame.size() < wire_bytes ? mark_truncated : 0U;
    std::optional<NextLayer> layer = first_layer(packet, frame, link_type);
    for (int layers = 0; layer; ++layers) {
        if (layers == layers_max) {
            packet.undecoded = Undecoded::too_many_layers;
            break;
        }
        layer = read_layer(packet, *layer);
    }
    return packet;
}

} // namespace drivers::wire
