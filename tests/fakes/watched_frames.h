// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/watch_orders.h"
#include "drivers/wire/frame_writer.h"
#include "profiles/policy_file.h"

#include <cstddef>
#include <string>
#include <vector>

namespace tests {

// To watch an array that may be asked for storage, and may say nothing by itself.
inline bench::campaign::WatchOrders watch_orders(const std::vector<std::string>& taps) {
    bench::campaign::WatchOrders out;
    out.array = "watched";
    out.captured_by = "a test";
    out.policy =
        profiles::parse_policy(R"({"$schema": "arraybench/policy/1", "name": "storage only",
        "array_addresses": ["10.77.1.2/32"], "rules": [{"name": "iSCSI", "purpose": "storage",
        "direction": "to array", "protocol": "tcp", "ports": [3260], "storage": true}]})",
                               "policy.json");
    for (const std::string& tap : taps) {
        out.taps.emplace_back().interface = tap;
        out.taps.back().tap = static_cast<std::uint16_t>(out.taps.size() - 1);
    }
    out.marker_key.emplace();
    out.canaries.emplace();
    out.canaries->luns[0] = "watched";
    return out;
}

// What that array's tap shows, by turns: a storage session, a datagram that no rule allows, and a
// frame that ends inside its header.
inline std::vector<std::vector<std::byte>> watched_frames(std::size_t count) {
    drivers::wire::FrameEnds asks;
    asks.mac_source = {2, 0, 0, 0, 0, 1};
    asks.mac_destination = {2, 0, 0, 0, 0, 2};
    asks.source = *drivers::wire::parse_ip_address("10.77.1.1");
    asks.destination = *drivers::wire::parse_ip_address("10.77.1.2");
    asks.source_port = 40'000;
    asks.destination_port = 3260;
    drivers::wire::FrameEnds leaks = asks.turned();
    leaks.source_port = 5000;
    leaks.destination_port = 4001;
    constexpr std::uint8_t syn = 2;
    constexpr std::uint8_t ack = 16;
    const std::vector<std::byte> said(48, std::byte{'x'});
    std::vector<std::vector<std::byte>> out{
        drivers::wire::write_tcp_frame(asks, {.sequence = 0, .flags = syn}, {})};
    std::uint32_t sequence = 1;
    while (out.size() < count) {
        out.push_back(
            drivers::wire::write_tcp_frame(asks, {.sequence = sequence, .flags = ack}, said));
        sequence += static_cast<std::uint32_t>(said.size());
        out.push_back(drivers::wire::write_udp_frame(leaks, said));
        out.push_back(drivers::wire::write_udp_frame(leaks, said));
        out.back().resize(20);
    }
    out.resize(count);
    return out;
}

} // namespace tests
