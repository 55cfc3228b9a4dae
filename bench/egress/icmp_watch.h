// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/recent_table.h"
#include "bench/egress/slot_table.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bench::egress {

// What echo messages between two addresses could have carried. An honest reply repeats its
// request's data (RFC 792, RFC 4443 section 4.2); a tunnel's does not, and its sizes vary.
struct IcmpTraffic {
    std::uint64_t requests = 0;
    std::uint64_t replies = 0;
    std::uint64_t unasked_replies = 0;
    std::uint64_t changed_replies = 0; // Data differs from the request's.
    // Requests whose data, behind a time stamp, differ from those of the request before: a ping
    // says the same again and again.
    std::uint64_t changing_requests = 0;
    std::uint64_t last_request_hash = 0;
    std::uint64_t request_bytes = 0;
    std::uint64_t reply_bytes = 0;
    std::uint32_t payload_bytes_max = 0;
    double entropy_bits_max = 0;   // Per byte, of payloads of at least 64 bytes
    std::set<std::uint32_t> sizes; // At most 64 kept
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
    FlowKey key;
};

struct IcmpSuspicion {
    std::string why;
    std::string confidence;
    IcmpTraffic traffic;
};

class IcmpWatch {
public:
    IcmpWatch();

    void packet(const Packet& packet, std::int64_t at_ns);
    std::vector<IcmpSuspicion> suspicions() const;
    std::uint64_t left_out() const noexcept { return left_out_; } // Packets of further pairs.
    std::uint64_t forgotten() const noexcept { return asked_.forgotten(); } // Requests, for memory.

private:
    struct Question {
        FlowKey key;
        std::uint32_t number = 0; // Identifier and sequence number

        bool operator==(const Question&) const = default;
        std::uint64_t hash(const integrity::SipSecret& secret) const noexcept;
    };

    IcmpTraffic* traffic_of(const FlowKey& key);
    std::uint64_t hash_of(drivers::wire::Bytes bytes) const noexcept;

    // Keyed: a reply that says something else cannot be made to look like an echo.
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<IcmpTraffic> pairs_;
    SlotTable by_ends_;
    RecentTable<Question, std::uint64_t> asked_; // -> hash of the data
    std::uint64_t left_out_ = 0;
};

} // namespace bench::egress
