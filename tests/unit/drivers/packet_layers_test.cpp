// SPDX-License-Identifier: Apache-2.0
// Every layer that the decoder reads, whole, cut short and bent.
#include "drivers/wire/big_endian.h"
#include "drivers/wire/frame_writer.h"
#include "drivers/wire/layers.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace drivers::wire;

namespace {

using Octets = std::vector<std::byte>;

Octets hex(const std::string& text) {
    Octets out;
    std::string digits;
    for (const char letter : text) {
        if (letter == ' ') {
            continue;
        }
        digits += letter;
        if (digits.size() == 2) {
            out.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return out;
}

Octets operator+(Octets left, const Octets& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Octets inner_frame() {
    FrameEnds ends;
    ends.mac_source = {2, 0, 0, 0, 0, 1};
    ends.mac_destination = {2, 0, 0, 0, 0, 2};
    ends.source = *parse_ip_address("192.0.2.1");
    ends.destination = *parse_ip_address("192.0.2.2");
    ends.source_port = 4000;
    ends.destination_port = 514;
    return write_udp_frame(ends, hex("616263"));
}

Octets inner_ip() {
    const Octets frame = inner_frame();
    return {frame.begin() + 14, frame.end()};
}

const std::string macs = "020000000002 020000000001";

// IPv4 from 198.51.100.1 to 198.51.100.2 in Ethernet.
Octets in_ipv4(std::uint8_t protocol, const Octets& payload) {
    Octets header = hex("4500 0000 0000 0000 40 00 0000 c6336401 c6336402");
    store_be16(header, 2, static_cast<std::uint16_t>(header.size() + payload.size()));
    header[9] = static_cast<std::byte>(protocol);
    store_be16(header, 10, internet_checksum(header, 0));
    return hex(macs + "0800") + header + payload;
}

Octets in_udp(std::uint16_t port, const Octets& payload) {
    Octets header = hex("c000 0000 0000 0000");
    store_be16(header, 2, port);
    store_be16(header, 4, static_cast<std::uint16_t>(header.size() + payload.size()));
    return in_ipv4(protocol_udp, header + payload);
}

Octets in_ipv6(std::uint8_t next, const Octets& payload) {
    Octets header = hex("60000000 0000 00 40 20010db8000000000000000000000001 "
                        "20010db8000000000000000000000002");
    store_be16(header, 4, static_cast<std::uint16_t>(payload.size()));
    header[6] = static_cast<std::byte>(next);
    return hex(macs + "86dd") + header + payload;
}

Packet decoded(const Octets& frame) {
    return decode_frame(frame, 1, static_cast<std::uint32_t>(frame.size()));
}

struct Wrapped {
    const char* name;
    Octets frame;
    std::uint16_t vlan;
    std::uint16_t vlan_outer;
    unsigned encapsulation;
};

std::vector<Wrapped> wrapped() {
    const Octets ip = inner_ip();
    const Octets frame = inner_frame();
    return {
        {"Ethernet", frame, 0, 0, 0},
        {"802.1Q", hex(macs + "8100 6078 0800") + ip, 120, 0, 0},
        {"QinQ", hex(macs + "88a8 000a 8100 0014 0800") + ip, 20, 10, inside_qinq},
        {"MPLS", hex(macs + "8847 00064040 000c8140") + ip, 0, 0, inside_mpls},
        {"MPLS pseudowire", hex(macs + "8847 00064140 00000000") + frame, 0, 0, inside_mpls},
        {"SNAP", hex(macs + "0027 aaaa03 000000 0800") + ip, 0, 0, 0},
        {"VXLAN", in_udp(4789, hex("08000000 00007b00") + frame), 0, 0, inside_vxlan},
        {"GRE", in_ipv4(protocol_gre, hex("0000 0800") + ip), 0, 0, inside_gre},
        {"GRE with key", in_ipv4(protocol_gre, hex("2000 0800 00000007") + ip), 0, 0, inside_gre},
        {"bridged GRE", in_ipv4(protocol_gre, hex("0000 6558") + frame), 0, 0, inside_gre},
        {"ERSPAN I",
         in_ipv4(protocol_gre, hex("0000 88be") + frame),
         0,
         0,
         inside_gre | inside_erspan},
        {"ERSPAN II",
         in_ipv4(protocol_gre, hex("1000 88be 00000001 1001000100000000") + frame),
         0,
         0,
         inside_gre | inside_erspan},
        {"ERSPAN III",
         in_ipv4(protocol_gre, hex("1000 22eb 00000001 200100010000000000000000") + frame),
         0,
         0,
         inside_gre | inside_erspan},
        {"ERSPAN III, platform subheader",
         in_ipv4(protocol_gre,
                 hex("1000 22eb 00000001 200100010000000000000001 0000000000000000") + frame),
         0,
         0,
         inside_gre | inside_erspan},
        {"IP in IP", in_ipv4(4, ip), 0, 0, inside_ip},
        {"IPv4 in IPv6", in_ipv6(4, ip), 0, 0, inside_ip},
        {"IPv6 destination options, hop by hop",
         in_ipv6(0, hex("3c 00 010400000000 04 00 010400000000") + ip),
         0,
         0,
         inside_ip},
    };
}

bool is_inner(const Packet& packet) {
    return packet.undecoded == Undecoded::none && !packet.has(mark_malformed_transport) &&
           to_text(packet.source) == "192.0.2.1" && packet.source_port == 4000 &&
           packet.destination_port == 514 &&
           Octets(packet.payload.begin(), packet.payload.end()) == hex("616263");
}

} // namespace

TEST_CASE("a datagram is read through every wrapping, and the wrapping is told", "[packet]") {
    for (const Wrapped& one : wrapped()) {
        INFO(one.name);
        const Packet packet = decoded(one.frame);
        CHECK(is_inner(packet));
        CHECK(packet.vlan == one.vlan);
        CHECK(packet.vlan_outer == one.vlan_outer);
        CHECK(unsigned{packet.encapsulation} == one.encapsulation);
        CHECK_FALSE(packet.has(mark_padding_content));
    }
}

TEST_CASE("a frame that ends anywhere is read no further, and never taken for whole", "[packet]") {
    for (const Wrapped& one : wrapped()) {
        for (std::size_t length = 0; length < one.frame.size(); ++length) {
            INFO(one.name << " cut to " << length);
            const Octets cut(one.frame.begin(),
                             one.frame.begin() + static_cast<std::ptrdiff_t>(length));
            CHECK_FALSE(is_inner(decoded(cut)));
            const Packet snapped =
                decode_frame(cut, 1, static_cast<std::uint32_t>(one.frame.size()));
            CHECK(snapped.has(mark_truncated));
            CHECK_FALSE(is_inner(snapped));
        }
    }
}

TEST_CASE("what is hidden where nothing belongs is marked, and only that", "[packet]") {
    const Octets clean = inner_frame();
    CHECK((decoded(clean).marks & ~std::uint32_t{0}) == 0);
    CHECK_FALSE(decoded(clean + hex("0000")).has(mark_padding_content));
    CHECK(decoded(clean + hex("0041")).has(mark_padding_content));
    Octets evil = clean;
    evil[14 + 6] |= std::byte{0x80}; // RFC 3514
    CHECK(decoded(evil).has(mark_ip_reserved_bit));
    CHECK(decoded(evil).has(mark_ip_checksum));
    const Octets options = hex("3c 00 010400000000 3b 00 010400000000");
    CHECK(decoded(in_ipv6(0, options)).has(mark_ipv6_hop_by_hop));
    CHECK(decoded(in_ipv6(0, options)).has(mark_ipv6_destination_options));
    CHECK(decoded(in_ipv6(43, hex("3b 00 000000000000"))).has(mark_ipv6_routing));
}

TEST_CASE("TCP's reserved bits, urgent data and unusual options are marked", "[packet]") {
    const auto tcp = [](const std::string& middle, const std::string& options) {
        return decoded(
            in_ipv4(protocol_tcp, hex("c000 01bb 00000001 00000000 " + middle) + hex(options)));
    };
    constexpr std::uint32_t covert =
        mark_tcp_reserved_bits | mark_tcp_urgent | mark_tcp_unusual_option;
    CHECK((tcp("5002 ffff 0000 0000", "").marks & covert) == 0);
    CHECK((tcp("7002 ffff 0000 0000", "020405b4 0402 0101").marks & covert) == 0);
    CHECK((tcp("5202 ffff 0000 0000", "").marks & covert) == mark_tcp_reserved_bits);
    CHECK((tcp("5002 ffff 0000 0007", "").marks & covert) == mark_tcp_urgent);
    CHECK((tcp("7002 ffff 0000 0000", "fd 08 414243444546").marks & covert) ==
          mark_tcp_unusual_option);
    CHECK((tcp("6002 ffff 0000 0000", "00414243").marks & covert) == mark_tcp_unusual_option);
    CHECK(tcp("f002 ffff 0000 0000", "").has(mark_malformed_transport));
}

TEST_CASE("fragments tell their place, in IPv4 and in IPv6", "[packet]") {
    Octets four = in_ipv4(protocol_udp, hex("c000 0202 0010 0000 6162636465666768"));
    store_be16(four, 14 + 6, 0x2000 | 3);
    const Packet middle = decoded(four);
    CHECK(middle.is_fragment());
    CHECK(middle.fragment_offset == 24);
    CHECK(middle.more_fragments);
    const Packet six = decoded(in_ipv6(44, hex("11 00 0019 00000007 6162636465666768")));
    CHECK(six.is_fragment());
    CHECK(six.fragment_offset == 24);
    CHECK(six.ip_id == 7);
    const Packet atomic = decoded(in_ipv6(44, hex("11 00 0000 00000007 c000 0202 0009 0000 61")));
    CHECK_FALSE(atomic.is_fragment());
    CHECK(atomic.destination_port == 514);
}

TEST_CASE("what is not IP, and protocols beside TCP and UDP, are known by their numbers",
          "[packet]") {
    CHECK(decoded(hex(macs + "0806 0001 0800 0604 0001")).ether_type == ether_type_arp);
    CHECK(decoded(hex(macs + "88cc 0000")).ether_type == ether_type_lldp);
    CHECK(decoded(hex(macs + "0006 4242 03 000000")).ether_type == 0x4242); // Spanning tree
    CHECK(decoded(hex(macs + "1234 0000")).undecoded == Undecoded::unknown_ether_type);
    CHECK(decoded(in_ipv4(200, {})).undecoded == Undecoded::unknown_protocol);
    const Packet sctp = decoded(in_ipv4(protocol_sctp, hex("0007 0b59 00000001 00000000 00")));
    CHECK(sctp.source_port == 7);
    CHECK(sctp.destination_port == 2905);
    const Packet neighbour = decoded(in_ipv6(protocol_icmp6, hex("87 00 0000 00000000")));
    CHECK(neighbour.source_port == 135);
    CHECK(neighbour.undecoded == Undecoded::none);
    std::string deep = macs;
    for (int tag = 0; tag < 6; ++tag) {
        deep += "8100 0001";
    }
    CHECK(decoded(hex(deep + "0800")).undecoded == Undecoded::too_many_layers);
}
