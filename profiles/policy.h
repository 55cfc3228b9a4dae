// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace profiles {

enum class Direction : std::uint8_t { any, from_array, to_array };

// One declared flow. What a field leaves empty, it does not restrict.
struct PolicyRule {
    std::string name;
    std::string purpose;
    std::vector<std::string> phases;      // Names of phases during which it holds.
    std::vector<std::string> array_ports; // MAC addresses or IP addresses of the array's side.
    std::optional<std::uint16_t> vlan;
    Direction direction = Direction::any; // Who opens: who sent the SYN or the first packet.
    std::string protocol; // "tcp", "udp", "icmp", "icmp6", "sctp", "arp", "lldp", "llc", "ethertype
                          // 0x88cc", "protocol 89", "any"
    std::vector<std::string> remotes; // Prefixes, or names as DNS gave them ("*.example.net" too).
    std::vector<std::uint16_t> ports; // The serving side's port.
    std::optional<std::uint64_t> bytes_per_interval; // From the array, per `interval`.
    std::chrono::nanoseconds interval{std::chrono::hours(1)};
    std::optional<std::uint32_t> frame_bytes_max;
    std::optional<std::chrono::nanoseconds> period; // Expected period of its bursts.
    double period_tolerance = 0.1;
    std::vector<std::string>
        dns_names; // Names that may be asked for, "*." allowed; DNS rules only.
    std::vector<std::string>
        encapsulations;   // "vxlan", "gre", ...: an encapsulated flow matches only if named.
    bool storage = false; // A storage session: canaries are expected here and nowhere else.
};

// Default deny: what no rule allows is a finding.
struct Policy {
    std::string name;
    std::string file;
    std::vector<std::string> array_addresses; // Prefixes of the array's own ports.
    std::vector<PolicyRule> rules;
};

} // namespace profiles
