// SPDX-License-Identifier: Apache-2.0
// Formats that other tools read: Zeek's conn.log, pcap; and the draft of a policy.
#include "bench/egress/sinks.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace bench::egress {

namespace {

template <typename Number>
void put(std::string& out,
         Number value) { // In the byte order of this machine: the magic tells which.
    const auto* bytes = reinterpret_cast<const char*>(
        &value); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    out.append(bytes, sizeof value);
}

std::string_view tcp_state(const Flow& flow) { // Zeek's conn_state, as far as flags tell.
    using namespace drivers::wire;
    const std::uint8_t out = flow.tcp_flags_seen[flow.initiator_end()];
    const std::uint8_t in = flow.tcp_flags_seen[1 - flow.initiator_end()];
    if ((out & tcp_syn) == 0) {
        return "OTH";
    }
    if ((in & tcp_syn) == 0) {
        return (in & tcp_rst) != 0 ? "REJ" : "S0";
    }
    if ((out & tcp_rst) != 0) {
        return "RSTO";
    }
    if ((in & tcp_rst) != 0) {
        return "RSTR";
    }
    return (out & tcp_fin) != 0 && (in & tcp_fin) != 0 ? "SF" : "S1";
}

} // namespace

std::string zeek_conn_log(const Analysis& analysis) {
    std::string out =
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_"
        "bytes\tresp_bytes\tconn_state\t"
        "orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tvlan\tcommunity_id\n"
        "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tinterval\tcount\tcount\tstring\tcount"
        "\tcount\tcount\tcount\tint\tstring\n";
    analysis.flows().for_each([&](const Flow& flow) {
        if (flow.key.ends[0].family == 0) {
            return; // Zeek's conn.log knows IP only.
        }
        const std::size_t from = flow.initiator_end();
        const std::size_t to = 1 - from;
        out += fmt::format(
            "{}.{:09}\tC{:016x}\t{}\t{}\t{}\t{}\t{}\t{:.9f}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            flow.first_ns / 1'000'000'000,
            flow.first_ns % 1'000'000'000,
            flow.key.stable_hash(),
            drivers::wire::to_text(flow.key.ends[from]),
            flow.key.ports[from],
            drivers::wire::to_text(flow.key.ends[to]),
            flow.key.ports[to],
            protocol_text(flow.key),
            static_cast<double>(flow.last_ns - flow.first_ns) / 1e9,
            flow.payload_bytes[from],
            flow.payload_bytes[to],
            flow.key.protocol == drivers::wire::protocol_tcp ? tcp_state(flow) : "SF",
            flow.packets[from],
            flow.bytes[from],
            flow.packets[to],
            flow.bytes[to],
            flow.key.vlan == 0 ? "-" : std::to_string(flow.key.vlan),
            community_id(flow.key).value_or("-"));
    });
    return out;
}

std::string
pcap_file(const std::vector<EvidenceFrame>& frames) { // draft-ietf-opsawg-pcap section 4
    constexpr std::uint32_t magic_nanoseconds = 0xA1B23C4D;
    constexpr std::uint32_t snapshot_bytes = 262144;
    std::string out;
    put(out, magic_nanoseconds);
    put(out, std::uint16_t{2});
    put(out, std::uint16_t{4});
    put(out, std::uint64_t{0});
    put(out, snapshot_bytes);
    put(out, std::uint32_t{frames.empty() ? std::uint16_t{1} : frames.front().link_type});
    for (const EvidenceFrame& frame : frames) {
        put(out, static_cast<std::uint32_t>(frame.at_ns / 1'000'000'000));
        put(out, static_cast<std::uint32_t>(frame.at_ns % 1'000'000'000));
        put(out, static_cast<std::uint32_t>(frame.bytes.size()));
        put(out, std::max(frame.wire_bytes, static_cast<std::uint32_t>(frame.bytes.size())));
        for (const std::byte value : frame.bytes) {
            out += static_cast<char>(value);
        }
    }
    return out;
}

profiles::Policy draft_policy(const Analysis& analysis, const std::string& name) {
    profiles::Policy out;
    out.name = name;
    std::set<std::string> seen;
    analysis.flows().for_each([&](const Flow& flow) {
        profiles::PolicyRule rule;
        rule.protocol = protocol_text(flow.key);
        const std::size_t client = flow.initiator_end();
        const std::size_t server = 1 - client;
        const bool is_ip = flow.key.ends[0].family != 0;
        if (is_ip) {
            rule.array_ports = {drivers::wire::to_text(flow.key.ends[client])};
            rule.remotes = {drivers::wire::to_text(flow.key.ends[server])};
            rule.direction = profiles::Direction::from_array;
        }
        if (flow.key.ports[server] != 0) {
            rule.ports = {flow.key.ports[server]};
        }
        if (flow.key.vlan != 0) {
            rule.vlan = flow.key.vlan;
        }
        if (flow.key.encapsulation != 0) {
            const std::string text = encapsulation_text(flow.key.encapsulation);
            for (std::size_t at = 0; at <= text.size();) {
                const std::size_t end = std::min(text.find('+', at), text.size());
                rule.encapsulations.push_back(text.substr(at, end - at));
                at = end + 1;
            }
        }
        rule.name =
            is_ip ? fmt::format("{} {} to {}{}",
                                rule.protocol,
                                rule.array_ports[0],
                                rule.remotes[0],
                                rule.ports.empty() ? "" : fmt::format(" port {}", rule.ports[0]))
                  : rule.protocol;
        rule.name += flow.key.vlan != 0 ? fmt::format(" vlan {}", flow.key.vlan) : "";
        rule.name += flow.key.encapsulation != 0
                         ? " inside " + encapsulation_text(flow.key.encapsulation)
                         : "";
        rule.purpose = "seen; say what it is for, or delete this rule";
        if (seen.insert(rule.name).second) {
            out.rules.push_back(std::move(rule));
        }
    });
    return out;
}

} // namespace bench::egress
