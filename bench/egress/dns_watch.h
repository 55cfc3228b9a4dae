// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"
#include "drivers/wire/dns.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench::egress {

// The record types asked for: the first few, in order, and that there were more.
class DnsTypes {
public:
    void add(std::uint16_t type) noexcept;
    std::string text() const; // "A, TXT", "A, type 99 and more"

private:
    std::array<std::uint16_t, 16> types_{};
    std::uint8_t count_ = 0;
    bool more_ = false;
};

// What one client asked one server below one registered domain ("" = all of the pair's together).
struct DnsTraffic {
    std::uint64_t queries = 0;
    std::uint64_t distinct_characters =
        0; // Sum of lengths of distinct subdomain texts: what can have been said upwards.
    std::uint64_t long_label_characters = 0; // The part of it in labels that look like data.
    std::uint64_t answer_bytes = 0; // TXT, NULL and CNAME data: what can have been said downwards.
    std::uint8_t longest_label = 0;
    DnsTypes types;
    std::string longest_query;
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
    FlowKey sample;
};

struct DnsLimits { // Measured on public captures: 46,247 benign queries reach 189 characters a
                   // domain, tunnels 4,719 and up.
    std::uint64_t domain_characters = 1000;
    std::uint64_t pair_data_characters = 1000; // Data-like labels over all domains of a pair
    std::uint64_t answer_bytes = 4096;
    std::size_t single_query_characters =
        64; // One query this long that looks like data is said, with low confidence.
};

struct DnsSuspicion {
    std::string domain;
    std::string why;
    std::string confidence; // "high", "medium", "low"
    DnsTraffic traffic;
    IpAddress client;
    IpAddress server;
};

// Counts what DNS could have carried, per (client, server, registered domain) and per (client,
// server).
class DnsWatch {
public:
    void
    message(const drivers::wire::DnsMessage& message, const Packet& packet, std::int64_t at_ns);
    std::vector<DnsSuspicion> suspicions(const DnsLimits& limits) const;
    std::uint64_t left_out() const noexcept { return left_out_; }
    std::uint64_t names_left_out() const noexcept { return names_left_out_; }

    std::uint64_t probes() const noexcept { // What the tables have cost: places looked at.
        return table_.probes() + subdomains_.probes();
    }

private:
    struct Domain { // Asked by one client of one server
        IpAddress client;
        IpAddress server;
        std::string name; // "" = all of the pair's together.
        DnsTraffic traffic;
    };

    DnsTraffic* entry(const IpAddress& client,
                      const IpAddress& server,
                      std::string_view domain,
                      const Packet& packet);
    bool is_fresh(std::uint64_t hash, bool asks);
    std::uint64_t
    hash_of(const IpAddress& client, const IpAddress& server, std::string_view name) const noexcept;
    std::vector<const Domain*> in_order() const;

    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<Domain> domains_;
    SlotTable table_;
    Pile<std::uint64_t> subdomain_hashes_; // Keyed: nobody can make two equal.
    SlotTable subdomains_;
    std::uint64_t left_out_ = 0;
    std::uint64_t names_left_out_ = 0; // Queries below a domain once too many names were kept.
};

// "a.b.example.co.uk" -> "example.co.uk": the last two labels, or three where the second is a
// customary public one.
std::string_view registered_domain(std::string_view name);

// A label that looks like encoded data: long, and its characters spread as those of base32, base64
// or hexadecimal text.
bool looks_like_data(std::string_view label);

} // namespace bench::egress
