// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/array/actor/leak_encoding.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drivers::array {

// What talks out of an emulated array's own ports: what every array may be allowed to say, and
// what none may.
enum class ActorKind : std::uint8_t {
    ntp,
    dns,
    syslog,
    snmp_trap,
    call_home,
    beacon,             // Short messages, period with jitter, a connection each.
    slow_drip,          // Few bytes at a time inside one connection that stays open.
    burst_after_ingest, // A share of what was written, a while after enough of it came.
    dns_tunnel,
    icmp_tunnel,
    hidden_in_call_home, // A lawful call-home whose uploads are larger by what they hide.
    canary_leak,         // Written data, encoded.
    ipv6_side_path,
    data_port_syn
};
constexpr std::size_t actor_kind_count = static_cast<std::size_t>(ActorKind::data_port_syn) + 1;

std::string_view actor_kind_name(ActorKind kind) noexcept;
std::optional<ActorKind> actor_kind_named(std::string_view name) noexcept;
bool is_lawful(ActorKind kind) noexcept; // An array may be allowed to do it.

// What an actor waits for before its first message.
enum class ActorCue : std::uint8_t { start, time, update, failover, magic_block, keyword };

struct ActorTrigger {
    Duration after{0};     // From the array's start (time), or from the cue.
    Duration lasts{0};     // Silent again after so long; 0 = never.
    std::uint64_t lba = 0; // Magic block: a write that covers it ...
    std::string keyword;   // In what is written.
    std::uint16_t lun = 0; // ... on this LUN.
    ActorCue cue = ActorCue::start;
};

enum class DnsCarrier : std::uint8_t { txt, null, cname };

struct ActorSettings { // Wide fields first.
    std::uint64_t seed = 1;
    std::string remote;             // An address, or a name that is looked up before each message.
    std::string domain;             // DNS tunnel: what the names end in.
    std::vector<std::string> names; // DNS: what is asked for, in turn.
    ActorTrigger trigger;
    Duration period{0};
    double jitter = 0;              // Share of the period, either way: uniform.
    std::uint64_t size_bytes = 0;   // Of a message, before any encoding.
    double ingest_share = 0;        // Burst, hidden: this share of what was written since the last.
    std::uint64_t ingest_bytes = 0; // Burst: after so much was written ...
    std::uint16_t port = 0;
    ActorKind kind = ActorKind::ntp;
    DnsCarrier dns_carrier = DnsCarrier::txt;
    LeakEncoding encoding = LeakEncoding::raw;
    bool by_data_port = false; // Leaves by the data port; else by the management port.
    bool memoryless = false;   // Exponential gaps of mean `period` instead.
};

// What the kind does when the array file says no more than the kind; addresses are those of the
// laboratory's outside.
ActorSettings usual_actor(ActorKind kind);

// Why such an actor cannot be; empty = it can.
std::string actor_problem(const ActorSettings& settings);

} // namespace drivers::array
