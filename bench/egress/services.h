// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"

#include <array>
#include <cstdint>
#include <vector>

namespace bench::egress {

inline constexpr std::array<std::int64_t, 3> burst_gaps_ns{
    200'000'000, 1'000'000'000, 5'000'000'000};
inline constexpr std::size_t service_events_max = 8192;

// What one initiator did to one service of one responder, over all its connections.
struct Service {
    // What each packet touches stands together.
    std::int64_t last_ns = 0;
    std::int64_t last_payload_ns = 0;
    std::uint64_t bytes_out = 0; // Client to server, frames whole
    std::uint64_t bytes_in = 0;
    FlowKey key; // With 0 for the client's port
    IpAddress client;
    IpAddress server;
    std::uint16_t port = 0;
    std::uint8_t protocol = 0;
    std::uint16_t vlan = 0;
    std::int32_t rule = rule_none;
    std::int64_t first_ns = 0;
    std::uint64_t connections = 0;
    std::uint64_t events_left_out = 0; // Beyond service_events_max: said, not hidden.
    std::vector<std::int64_t> starts_ns;
    std::vector<std::uint64_t>
        start_bytes; // Of the connections whose start stands at the same place
    std::array<std::vector<std::int64_t>, burst_gaps_ns.size()>
        bursts_ns; // Payload after a silence ...
    std::array<std::vector<std::int64_t>, burst_gaps_ns.size()> silences_ns; // ... of this length
    FlowKey sample;                                                          // Of its first flow.
};

// The events that beacon detectors look at, gathered packet by packet in bounded memory.
class Services {
public:
    explicit Services(std::size_t services_max = 200'000)
        : services_max_(services_max) {
        services_.emplace_back();
    }

    // Binds a fresh flow to its service; 0 when the table is full.
    struct Begun {
        std::uint32_t service = 0;
        std::uint32_t start = 0; // One past the place of its start among the service's; 0 = none
    };
    Begun begin(const Flow& flow);
    struct Said {
        bool from_client = false;
        bool payload = false;
        std::uint32_t wire_bytes = 0;
        std::int64_t at_ns = 0;
    };
    void packet(const Flow& flow, const Said& said);
    void end(const Flow& flow);

    // A whole connection that began just now, from a record: begin() has been called for it.
    void connection(const Flow& flow);

    const Pile<Service>& all() const noexcept { return services_; } // The first is no service.
    std::uint64_t left_out() const noexcept { return left_out_; }

private:
    std::size_t services_max_;
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<Service> services_;
    SlotTable by_key_;
    std::uint64_t left_out_ = 0;
};

} // namespace bench::egress
