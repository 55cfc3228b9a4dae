// SPDX-License-Identifier: Apache-2.0
// Headers without end, and flows without number.
#include "tests/perf/hostile_traffic.h"

#include <algorithm>

namespace tests::perf {

using namespace drivers::wire;

namespace {

constexpr std::size_t frames = 40'000;
constexpr std::uint32_t usual_flows = 1000;

std::string number(std::uint64_t value, int bytes) { // Big-endian
    std::string out;
    for (int i = bytes; i-- > 0;) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
    return out;
}

std::vector<std::byte> bytes_of(const std::string& text) {
    const Bytes bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

const std::string macs("\x02\0\0\0\0\2\x02\0\0\0\0\1", 12);

std::string
ipv4(std::uint8_t protocol, const std::string& inside, std::uint32_t from = 0x0A000001) {
    std::string out = number(0x4500, 2) + number(20 + inside.size(), 2) + number(0, 4) +
                      number(0x4000U | protocol, 2) + number(0, 2) + number(from, 4) +
                      number(0x0A800001, 4);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < out.size(); i += 2) {
        sum += static_cast<std::uint32_t>(static_cast<unsigned char>(out[i]) << 8U |
                                          static_cast<unsigned char>(out[i + 1]));
    }
    sum = (sum & 0xFFFFU) + (sum >> 16U);
    sum = (sum & 0xFFFFU) + (sum >> 16U);
    out.replace(10, 2, number(~sum & 0xFFFFU, 2));
    return out + inside;
}

std::string udp(std::uint16_t port, const std::string& payload) {
    return number(40'000, 2) + number(port, 2) + number(8 + payload.size(), 2) + number(0, 2) +
           payload;
}

std::string ipv6(std::uint8_t next, const std::string& inside) {
    return number(0x60000000, 4) + number(inside.size(), 2) + number(next, 1) + number(64, 1) +
           number(0x20010DB8, 4) + number(0, 8) + number(1, 4) + number(0x20010DB8, 4) +
           number(0, 8) + number(2, 4) + inside;
}

// So many frames, each made anew from chance.
Traffic repeated(const std::function<std::string(std::uint64_t& state)>& frame) {
    std::uint64_t state = 88172645463325252ULL;
    Traffic out;
    for (std::size_t i = 0; i < frames; ++i) {
        out.push_back(bytes_of(frame(state)));
    }
    return out;
}

// Random datagrams of flows that come again.
Traffic usual(const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 123456789;
    Traffic out;
    for (const std::size_t bytes : frame_bytes) {
        const auto flow = static_cast<std::uint32_t>(next_random(state) % usual_flows);
        out.push_back(udp_frame(ends_of(0x0A000000U + flow, 0x0A800001, 9999),
                                random_bytes(state, bytes - std::min(bytes, udp_overhead_bytes))));
    }
    return out;
}

Contest deep(const char* input, const std::function<std::string(std::uint64_t& state)>& frame) {
    return {"headers", input, [frame] { return repeated(frame); }, usual};
}

std::string vlan_stack(std::uint64_t& state) {
    std::string out = macs;
    for (std::uint16_t tag = 0; tag < 4; ++tag) {
        out += number(0x8100, 2) + number(next_random(state) & 7U, 2);
    }
    return out + number(0x0800, 2) + ipv4(17, udp(9999, random_bytes(state, 64)));
}

std::string mpls_stack(std::uint64_t& state) {
    std::string out = macs + number(0x8847, 2);
    for (int label = 0; label < 16; ++label) {
        out += number(label == 15 ? 0x10140U : 0x10040U, 4);
    }
    return out + ipv4(17, udp(9999, random_bytes(state, 64)));
}

std::string ip_in_ip(std::uint64_t& state) {
    std::string out = ipv4(17, udp(9999, random_bytes(state, 64)));
    for (int layer = 0; layer < 6; ++layer) {
        out = ipv4(4, out);
    }
    return macs + number(0x0800, 2) + out;
}

std::string vxlan_in_vxlan(std::uint64_t& state) {
    std::string out = macs + number(0x0800, 2) + ipv4(17, udp(9999, random_bytes(state, 1000)));
    for (int layer = 0; layer < 3; ++layer) {
        // A checksum that says it is there, so that every layer adds up all that is inside.
        std::string datagram = udp(4789, number(0x08000000, 4) + number(7, 4) + out);
        datagram.replace(6, 2, number(0x1234, 2));
        out = macs + number(0x0800, 2) + ipv4(17, datagram);
    }
    return out;
}

std::string gre_in_gre(std::uint64_t& state) {
    std::string out = ipv4(17, udp(9999, random_bytes(state, 64)));
    for (int layer = 0; layer < 4; ++layer) {
        out = ipv4(47, number(0xB000, 2) + number(0x0800, 2) + number(0, 12) + out);
    }
    return macs + number(0x0800, 2) + out;
}

std::string extension_headers(std::uint64_t& state) {
    std::string out = udp(9999, random_bytes(state, 64));
    std::uint8_t next = 17;
    for (int header = 0; header < 15; ++header) {
        out = number(next, 1) + number(0, 1) + number(0x0104, 2) + number(0, 4) + out;
        next = header % 2 == 0 ? 60 : 43;
    }
    return macs + number(0x86DD, 2) + ipv6(next, out);
}

std::string tcp_options(std::uint64_t& state) {
    const std::string options(40, '\1');
    std::string segment = number(40'000, 2) + number(9999, 2) + number(next_random(state), 4) +
                          number(0, 4) + number(0xF010, 2) + number(0, 6) + options;
    return macs + number(0x0800, 2) + ipv4(6, segment + random_bytes(state, 64));
}

std::string padding_of_zeros(std::uint64_t& state) {
    return macs + number(0x0800, 2) + ipv4(17, udp(9999, random_bytes(state, 4))) +
           std::string(1400, '\0');
}

std::string broken(std::uint64_t& state) {
    return macs + number(0x0800, 2) + "\x4F" + random_bytes(state, 60);
}

Contest flood(const char* input, const std::function<std::string(std::uint64_t& state)>& frame) {
    return {"flows", input, [frame] { return repeated(frame); }, usual};
}

std::string fresh_flow(std::uint64_t& state) {
    return macs + number(0x0800, 2) +
           ipv4(17,
                udp(static_cast<std::uint16_t>(1024 + next_random(state) % 60'000), "01234567"),
                static_cast<std::uint32_t>(next_random(state) >> 16U));
}

// Addresses that agree in all low bits.
std::string alike_below(std::uint64_t& state) {
    const auto high = static_cast<std::uint32_t>(next_random(state) >> 16U & 0xFFFF0000U);
    return macs + number(0x0800, 2) + ipv4(17, udp(9999, "01234567"), high | 1U);
}

std::string fresh_long(std::uint64_t& state) {
    return macs + number(0x0800, 2) +
           ipv4(17,
                udp(9999, random_bytes(state, 1400)),
                static_cast<std::uint32_t>(next_random(state) >> 16U));
}

// A new connection of one client to one service in each frame.
std::string fresh_port(std::uint64_t& state) {
    const std::string segment = number(next_random(state) >> 20U & 0xFFFFU, 2) + number(443, 2) +
                                number(next_random(state), 4) + number(0, 4) + number(0x5002, 2) +
                                number(0xFFFF, 2) + number(0, 4);
    return macs + number(0x0800, 2) + ipv4(6, segment + std::string(6, 'x'));
}

std::string fresh_mac(std::uint64_t& state) {
    return random_bytes(state, 12) + number(0x88B6, 2) + std::string(46, 'x');
}

std::string echo(std::uint64_t& state, std::uint32_t from, std::size_t bytes) {
    return macs + number(0x0800, 2) +
           ipv4(1,
                number(0x0800, 2) + number(0, 2) + number(next_random(state) >> 20U, 4) +
                    random_bytes(state, bytes),
                from);
}

// Random echoes of pairs that come again.
Traffic usual_echoes(const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 987654321;
    Traffic out;
    for (const std::size_t bytes : frame_bytes) {
        const auto pair = static_cast<std::uint32_t>(next_random(state) % usual_flows);
        out.push_back(
            bytes_of(echo(state, 0x0A000000U + pair, bytes - std::min(bytes, udp_overhead_bytes))));
    }
    return out;
}

Contest ping(const char* input, const std::function<std::string(std::uint64_t& state)>& frame) {
    return {"ICMP", input, [frame] { return repeated(frame); }, usual_echoes};
}

} // namespace

std::vector<Contest> frame_contests() {
    return {
        deep("a stack of four VLAN tags", vlan_stack),
        deep("sixteen MPLS labels", mpls_stack),
        deep("IP in IP, to the limit", ip_in_ip),
        deep("VXLAN in VXLAN, wrong checksums", vxlan_in_vxlan),
        deep("GRE in GRE, all fields", gre_in_gre),
        deep("fifteen IPv6 extension headers", extension_headers),
        deep("TCP options, forty of them", tcp_options),
        deep("a frame of zeros behind the packet", padding_of_zeros),
        deep("headers that contradict themselves", broken),
        flood("a new flow in every frame", fresh_flow),
        flood("flows whose low bits agree", alike_below),
        flood("a new flow in every long frame", fresh_long),
        flood("a new connection to one service", fresh_port),
        flood("new MAC addresses in every frame", fresh_mac),
        ping("a new pair in every echo",
             [](std::uint64_t& state) {
                 return echo(state, static_cast<std::uint32_t>(next_random(state) >> 16U), 56);
             }),
        ping("long echoes of random data",
             [](std::uint64_t& state) { return echo(state, 0x0A000001, 1400); }),
        ping("echoes of every size",
             [](std::uint64_t& state) {
                 return echo(state, 0x0A000001, next_random(state) % 1400);
             }),
    };
}

} // namespace tests::perf
