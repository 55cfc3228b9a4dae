// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/actor_settings.h"

#include <algorithm>
#include <array>

namespace drivers::array {

using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, actor_kind_count> names{"ntp",
                                                               "dns",
                                                               "syslog",
                                                               "snmp_trap",
                                                               "call_home",
                                                               "beacon",
                                                               "slow_drip",
                                                               "burst_after_ingest",
                                                               "dns_tunnel",
                                                               "icmp_tunnel",
                                                               "hidden_in_call_home",
                                                               "canary_leak",
                                                               "ipv6_side_path",
                                                               "data_port_syn"};

// What serves what in the laboratory, and an address of the world behind it.
constexpr const char* resolver = "192.0.2.53";
constexpr const char* time_server = "192.0.2.123";
constexpr const char* log_collector = "192.0.2.14";
constexpr const char* trap_manager = "192.0.2.61";
constexpr const char* far_away = "203.0.113.66";
constexpr const char* far_away_ipv6 = "2001:db8:bad::66";

struct Habit {
    const char* remote;
    std::uint16_t port;
    Duration period;
    double jitter;
};

void set(ActorSettings& out, const Habit& habit) {
    out.remote = habit.remote;
    out.port = habit.port;
    out.period = habit.period;
    out.jitter = habit.jitter;
}

void set_lawful(ActorSettings& out) {
    constexpr std::uint64_t report_bytes = 2048;
    constexpr std::uint64_t line_bytes = 96;
    constexpr std::uint64_t trap_bytes = 90;
    switch (out.kind) {
    case ActorKind::ntp:
        set(out, {time_server, 123, 64s, 0.02});
        break;
    case ActorKind::dns:
        set(out, {resolver, 53, 5min, 0.5});
        break;
    case ActorKind::syslog:
        set(out, {log_collector, 514, 30s, 0});
        out.memoryless = true;
        out.size_bytes = line_bytes;
        break;
    case ActorKind::snmp_trap:
        set(out, {trap_manager, 162, 10min, 0});
        out.memoryless = true;
        out.size_bytes = trap_bytes;
        break;
    default:
        set(out, {"call-home.example.net", 443, 1h, 0.05});
        out.size_bytes = report_bytes;
        break;
    }
}

void set_unlawful(ActorSettings& out) {
    switch (out.kind) {
    case ActorKind::beacon:
        set(out, {far_away, 4444, 60s, 0.1});
        out.size_bytes = 64;
        break;
    case ActorKind::slow_drip:
        set(out, {far_away, 8080, 30s, 0.5});
        out.size_bytes = 16;
        break;
    case ActorKind::burst_after_ingest:
        set(out, {far_away, 9001, 5s, 0.3});
        out.ingest_bytes = 16U << 20U;
        out.ingest_share = 0.01;
        break;
    case ActorKind::dns_tunnel:
        set(out, {resolver, 53, 2s, 0.4});
        out.domain = "cdn-metrics.example";
        out.size_bytes = 60;
        break;
    case ActorKind::icmp_tunnel:
        set(out, {far_away, 0, 3s, 0.3});
        out.size_bytes = 320;
        break;
    case ActorKind::hidden_in_call_home:
        set(out, {"call-home.example.net", 443, 1h, 0.05});
        out.size_bytes = 2048;
        out.ingest_share = 0.001;
        break;
    case ActorKind::canary_leak:
        set(out, {far_away, 8443, 20s, 0.4});
        out.size_bytes = 512;
        break;
    case ActorKind::ipv6_side_path:
        set(out, {far_away_ipv6, 443, 30s, 0.4});
        out.size_bytes = 128;
        break;
    default:
        set(out, {far_away, 6667, 40s, 0.4});
        out.by_data_port = true;
        break;
    }
}

} // namespace

std::string_view actor_kind_name(ActorKind kind) noexcept {
    return names[static_cast<std::size_t>(kind)];
}

std::optional<ActorKind> actor_kind_named(std::string_view name) noexcept {
    const auto* const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<ActorKind>(found - names.begin());
}

bool is_lawful(ActorKind kind) noexcept {
    return kind <= ActorKind::call_home;
}

ActorSettings usual_actor(ActorKind kind) {
    ActorSettings out;
    out.kind = kind;
    if (is_lawful(kind)) {
        set_lawful(out);
    } else {
        set_unlawful(out);
    }
    return out;
}

std::string actor_problem(const ActorSettings& settings) {
    constexpr std::uint64_t message_bytes_max = 16U << 20U;
    constexpr std::uint64_t query_bytes_max = 110; // What base32 fits into the 253 of a name.
    constexpr std::uint64_t echo_bytes_max = 1400; // One frame.
    if (settings.period <= 0ns) {
        return "a period above 0";
    }
    if (settings.jitter < 0 || settings.jitter > 1) {
        return "a jitter of 0 to 1";
    }
    if (settings.remote.empty()) {
        return "a remote address or name";
    }
    if (settings.size_bytes > message_bytes_max) {
        return "messages of at most 16 MiB";
    }
    if (settings.kind == ActorKind::dns && settings.names.empty()) {
        return "names to ask for";
    }
    if (settings.kind == ActorKind::dns_tunnel &&
        (settings.domain.empty() || settings.domain.size() > 60 || settings.size_bytes == 0 ||
         settings.size_bytes > query_bytes_max)) {
        return "a domain of at most 60 letters and 1 to 110 bytes a query";
    }
    if (settings.kind == ActorKind::icmp_tunnel && settings.size_bytes > echo_bytes_max) {
        return "at most 1400 bytes an echo request";
    }
    if (settings.kind == ActorKind::burst_after_ingest &&
        (settings.ingest_bytes == 0 || settings.ingest_share <= 0)) {
        return "how much has to be written and which share of it leaves";
    }
    if (settings.trigger.cue == ActorCue::keyword && settings.trigger.keyword.empty()) {
        return "a keyword";
    }
    return "";
}

} // namespace drivers::array
