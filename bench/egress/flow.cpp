// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/flow.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::uint64_t mix_constant = 0x9E3779B97F4A7C15ULL;

std::uint64_t mixed(std::uint64_t left, std::uint64_t right) noexcept {
    std::uint64_t out = (left ^ (right * mix_constant)) * 0xD6E8FEB86659FD93ULL;
    out ^= out >> 32U;
    return out * mix_constant;
}

std::pair<std::uint64_t, std::uint64_t> halves(const IpAddress& address) noexcept {
    std::pair<std::uint64_t, std::uint64_t> out;
    std::memcpy(&out.first, address.bytes.data(), 8);
    std::memcpy(&out.second, address.bytes.data() + 8, 8);
    return out;
}

IpAddress as_address(const MacAddress& mac) noexcept {
    IpAddress out;
    std::copy(mac.begin(), mac.end(), out.bytes.begin());
    return out;
}

std::string mac_text(const IpAddress& address) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
                       address.bytes[0],
                       address.bytes[1],
                       address.bytes[2],
                       address.bytes[3],
                       address.bytes[4],
                       address.bytes[5]);
}

bool has_ports(std::uint8_t protocol) {
    return protocol == protocol_tcp || protocol == protocol_udp || protocol == protocol_sctp;
}

} // namespace

std::uint64_t FlowKey::hash(const integrity::SipSecret& secret) const noexcept {
    integrity::SipHash<1, 3> state(secret);
    for (const IpAddress& end : ends) {
        const auto [high, low] = halves(end);
        state.word(high);
        state.word(low);
    }
    state.word(std::uint64_t{ports[0]} << 48U | std::uint64_t{ports[1]} << 32U |
               std::uint64_t{vlan} << 16U | vlan_outer);
    constexpr std::uint64_t whole_bytes = 48;
    return state.end(whole_bytes,
                     std::uint64_t{ether_type} << 32U | std::uint64_t{protocol} << 24U |
                         std::uint64_t{encapsulation} << 16U | std::uint64_t{ends[0].family} << 8U |
                         ends[1].family);
}

std::uint64_t FlowKey::stable_hash() const noexcept {
    const auto [a, b] = halves(ends[0]);
    const auto [c, d] = halves(ends[1]);
    const std::uint64_t rest = std::uint64_t{ports[0]} << 48U | std::uint64_t{ports[1]} << 32U |
                               std::uint64_t{vlan} << 16U | std::uint64_t{protocol} << 8U |
                               encapsulation;
    const std::uint64_t more = std::uint64_t{vlan_outer} << 16U | ether_type;
    return mixed(mixed(mixed(a, b + mix_constant), mixed(c, d + 2 * mix_constant)),
                 mixed(rest, more + 3 * mix_constant));
}

KeyedEnd key_of(const Packet& packet) noexcept {
    KeyedEnd out;
    FlowKey& key = out.key;
    key.vlan = packet.vlan;
    key.vlan_outer = packet.vlan_outer;
    key.encapsulation = packet.encapsulation;
    if (packet.is_ip()) {
        key.protocol = packet.protocol;
        key.ends = {packet.source, packet.destination};
        if (has_ports(packet.protocol)) {
            key.ports = {packet.source_port, packet.destination_port};
        }
    } else {
        key.ether_type = packet.ether_type;
        key.ends = {as_address(packet.mac_source), as_address(packet.mac_destination)};
    }
    if (std::pair(key.ends[1], key.ports[1]) < std::pair(key.ends[0], key.ports[0])) {
        std::swap(key.ends[0], key.ends[1]);
        std::swap(key.ports[0], key.ports[1]);
        out.sender = 1;
    }
    return out;
}

std::string protocol_text(const FlowKey& key) {
    if (key.ends[0].family == 0) {
        switch (key.ether_type) {
        case ether_type_arp:
            return "arp";
        case ether_type_lldp:
            return "lldp";
        default:
            return key.ether_type < 0x0600 ? "llc"
                                           : fmt::format("ethertype 0x{:04x}", key.ether_type);
        }
    }
    switch (key.protocol) {
    case protocol_tcp:
        return "tcp";
    case protocol_udp:
        return "udp";
    case protocol_icmp:
        return "icmp";
    case protocol_icmp6:
        return "icmp6";
    case protocol_sctp:
        return "sctp";
    default:
        return fmt::format("protocol {}", key.protocol);
    }
}

std::string end_text(const FlowKey& key, std::size_t end) {
    const IpAddress& address = key.ends[end];
    if (address.family == 0) {
        return mac_text(address);
    }
    if (!has_ports(key.protocol)) {
        return to_text(address);
    }
    return address.family == 6 ? fmt::format("[{}]:{}", to_text(address), key.ports[end])
                               : fmt::format("{}:{}", to_text(address), key.ports[end]);
}

std::string encapsulation_text(std::uint8_t bits) {
    static constexpr std::array<std::pair<std::uint8_t, const char*>, 7> names{
        {{inside_qinq, "qinq"},
         {inside_mpls, "mpls"},
         {inside_vxlan, "vxlan"},
         {inside_gre, "gre"},
         {inside_erspan, "erspan"},
         {inside_ip, "ip in ip"},
         {inside_ppp, "ppp"}}};
    std::string out;
    for (const auto& [bit, name] : names) {
        if ((bits & bit) != 0) {
            out += (out.empty() ? "" : "+") + std::string(name);
        }
    }
    return out;
}

FlowKey service_key(const Flow& flow) noexcept {
    FlowKey key = flow.key;
    if (flow.initiator != Initiator::unknown) {
        key.ports[flow.initiator_end()] = 0;
    }
    return key;
}

std::string flow_text(const Flow& flow) {
    const std::size_t from = flow.initiator_end();
    std::string out = fmt::format("{} {} {} {}",
                                  end_text(flow.key, from),
                                  flow.initiator == Initiator::unknown ? "-" : "->",
                                  end_text(flow.key, 1 - from),
                                  protocol_text(flow.key));
    if (flow.key.vlan != 0) {
        out += fmt::format(", vlan {}", flow.key.vlan);
    }
    if (flow.key.encapsulation != 0) {
        out += ", inside " + encapsulation_text(flow.key.encapsulation);
    }
    return out;
}

std::string wireshark_filter(const FlowKey& key) {
    if (key.ends[0].family == 0) {
        return fmt::format(
            "eth.addr == {} && eth.addr == {}", mac_text(key.ends[0]), mac_text(key.ends[1]));
    }
    const char* family = key.ends[0].family == 4 ? "ip" : "ipv6";
    std::string out = fmt::format(
        "{0}.addr == {1} && {0}.addr == {2}", family, to_text(key.ends[0]), to_text(key.ends[1]));
    if (has_ports(key.protocol)) {
        out += fmt::format(" && {0}.port == {1} && {0}.port == {2}",
                           protocol_text(key),
                           key.ports[0],
                           key.ports[1]);
    } else if (key.protocol == protocol_icmp) {
        out += " && icmp";
    } else if (key.protocol == protocol_icmp6) {
        out += " && icmpv6";
    }
    if (key.vlan != 0) {
        out += fmt::format(" && vlan.id == {}", key.vlan);
    }
    return out;
}

} // namespace bench::egress
