// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/sip_hash.h"
#include "drivers/wire/packet.h"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace bench::egress {

using drivers::wire::IpAddress;
using drivers::wire::Packet;

// Who talks to whom: both ends in a fixed order, so that either direction finds the same flow.
// Frames that are not IP carry MAC addresses in `ends` (family 0) and their EtherType as
// `ether_type`.
struct FlowKey {
    std::array<IpAddress, 2> ends;
    std::array<std::uint16_t, 2> ports{};
    std::uint16_t vlan = 0;
    std::uint16_t vlan_outer = 0;
    std::uint16_t ether_type = 0; // 0 for IP
    std::uint8_t protocol = 0;
    std::uint8_t encapsulation = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 reads the zero inside as a pointer.
    auto operator<=>(const FlowKey&) const = default;

    // For tables: nobody outside this process can bring about equal ones.
    std::uint64_t hash(const integrity::SipSecret& secret) const noexcept;
    // For names in exports: the same in every run. Whoever sends the flow can choose it.
    std::uint64_t stable_hash() const noexcept;
};

// A packet's key, and which of the key's ends sent it.
struct KeyedEnd {
    FlowKey key;
    std::uint8_t sender = 0;
};
KeyedEnd key_of(const Packet& packet) noexcept;

enum class Initiator : std::uint8_t { unknown, first_end, second_end };

inline constexpr std::int32_t rule_none = -1;

struct Flow {
    FlowKey key;
    Initiator initiator = Initiator::unknown;
    std::array<std::uint8_t, 2> tcp_flags_seen{};
    std::uint16_t phase = 0;       // Of its first packet.
    std::int32_t rule = rule_none; // Index of the allowing rule.
    std::uint32_t service = 0;     // Index of its service statistics; 0 = none.
    std::uint32_t start = 0;       // One past its first start among its service's; 0 = none.
    std::uint32_t streams = 0;     // Index of its reassembly; 0 = none.
    std::uint32_t marks = 0;
    std::int64_t first_ns = 0;  // UTC
    std::int64_t opened_ns = 0; // Of its last connection: TCP may use its ports again.
    std::int64_t last_ns = 0;
    std::array<std::uint64_t, 2> packets{}; // By sending end.
    std::array<std::uint64_t, 2> bytes{};   // On the wire, frames whole.
    std::array<std::uint64_t, 2> payload_bytes{};
    std::uint64_t unlisted_bytes = 0; // Of frames that no rule allowed when they passed.
    std::uint64_t unlisted_packets = 0;
    std::uint32_t name = 0; // Index of a name learnt from DNS; 0 = none.
    std::array<std::uint8_t, 2> ttl_first{};
    std::array<std::uint8_t, 2> ttl_changes{}; // Packets whose TTL is not the first; saturating.
    std::array<std::uint16_t, 2> last_id{};    // The IPv4 identification of the packet before.
    std::uint8_t judged_ids = 0;    // Identifications that step no counter on: the first 255
    std::uint8_t printable_ids = 0; // Those of them that spell two printable letters

    std::uint8_t initiator_end() const noexcept {
        return initiator == Initiator::second_end ? 1 : 0;
    }
    std::uint64_t packets_all() const noexcept { return packets[0] + packets[1]; }
    std::uint64_t bytes_all() const noexcept { return bytes[0] + bytes[1]; }
};

// Who calls which service of whom: a client's own port is not part of what it does, and is 0.
FlowKey service_key(const Flow& flow) noexcept;

// "10.0.0.1:1234 -> 10.0.0.2:443 tcp, vlan 7"; the arrow is "-" while nobody knows who began.
std::string flow_text(const Flow& flow);
std::string end_text(const FlowKey& key, std::size_t end);
std::string protocol_text(const FlowKey& key);
std::string encapsulation_text(std::uint8_t bits);

// A Wireshark display filter that shows the flow.
std::string wireshark_filter(const FlowKey& key);

// Community ID version 1, seed 0 ("1:" + base64(SHA-1(...))),
// https://github.com/corelight/community-id-spec; none for what is not IP.
std::optional<std::string> community_id(const FlowKey& key);

// The same for one packet: ICMP types and codes, which flows do not keep apart, take the place of
// ports.
std::optional<std::string> community_id(const Packet& packet);

} // namespace bench::egress
