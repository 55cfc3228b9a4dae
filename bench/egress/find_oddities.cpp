// SPDX-License-Identifier: Apache-2.0
// Tunnels inside DNS and ICMP, covert carriers in header fields, and connections that last.
#include "bench/egress/findings.h"

#include <array>
#include <fmt/format.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

struct Carrier {
    Mark mark;
    const char* what;
    const char* source;
};
constexpr std::array<Carrier, 7> carriers{
    {{mark_ip_reserved_bit, "the reserved IPv4 flag is set", "RFC 791 section 3.1"},
     {mark_tcp_reserved_bits, "reserved TCP bits are set", "RFC 9293 section 3.1"},
     {mark_ip_options, "IPv4 options are present", "RFC 7126"},
     {mark_ipv6_destination_options,
      "IPv6 destination options are present",
      "RFC 8200 section 4.6"},
     {mark_tcp_unusual_option, "unusual TCP options are present", "IANA TCP option kinds"},
     {mark_tcp_urgent, "urgent data is announced", "RFC 6093"},
     {mark_padding_content,
      "bytes that are not zero follow the packet's end",
      "IEEE 802.3 padding"}}};

constexpr std::uint8_t ttl_changes_min = 8;
constexpr std::uint8_t printable_ids_min = 16;
constexpr double printable_ids_share = 0.9;

void carrier_findings(const Analysis& analysis, const Flow& flow, std::vector<EgressFinding>& out) {
    const bool icmp6 = flow.key.protocol ==
                       protocol_icmp6; // Listener reports carry router alert options lawfully.
    const auto add = [&](const std::string& what, const std::string& test, const char* confidence) {
        EgressFinding finding =
            finding_of(flow.key, "covert carrier", fmt::format("{}: {}", flow_text(flow), what));
        finding.test = test;
        finding.confidence = confidence;
        finding.phase = analysis.phases()[flow.phase].name;
        finding.first_ns = flow.first_ns;
        finding.last_ns = flow.last_ns;
        finding.packets = flow.packets_all();
        finding.bytes = flow.bytes_all();
        out.push_back(std::move(finding));
    };
    for (const Carrier& carrier : carriers) {
        if ((flow.marks & carrier.mark) != 0 &&
            !(icmp6 && carrier.mark == mark_ipv6_destination_options)) {
            add(carrier.what, carrier.source, "medium");
        }
    }
    // At a tap beside the array its own TTL is constant; a remote's changes with routes, and says
    // nothing.
    const int array_end = analysis.policy().array_end(flow.key);
    if (array_end >= 0 &&
        flow.ttl_changes[static_cast<std::size_t>(array_end)] >= ttl_changes_min) {
        add(fmt::format("{} packets of the array differ in TTL from its first",
                        flow.ttl_changes[static_cast<std::size_t>(array_end)]),
            "TTL pattern",
            "low");
    }
    if (flow.printable_ids >= printable_ids_min &&
        flow.printable_ids >= printable_ids_share * flow.judged_ids) {
        add(fmt::format("{} IPv4 identifications spell printable text", flow.printable_ids),
            "IP-ID pattern",
            "medium");
    }
}

} // namespace

void find_tunnels(const Analysis& analysis,
                  const DetectorSettings& settings,
                  std::vector<EgressFinding>& out) {
    for (const DnsSuspicion& suspicion : analysis.dns().suspicions(settings.dns)) {
        EgressFinding finding = finding_of(suspicion.traffic.sample,
                                           "DNS tunnel",
                                           fmt::format("{} asks {}: {}",
                                                       to_text(suspicion.client),
                                                       to_text(suspicion.server),
                                                       suspicion.why));
        finding.test = "volume of distinct subdomains, of answers, and of data-like labels";
        finding.confidence = suspicion.confidence;
        finding.first_ns = suspicion.traffic.first_ns;
        finding.last_ns = suspicion.traffic.last_ns;
        finding.packets = suspicion.traffic.queries;
        finding.bytes = suspicion.traffic.distinct_characters + suspicion.traffic.answer_bytes;
        finding.details["domain"] = suspicion.domain.empty() ? "many" : suspicion.domain;
        finding.details["queries"] = std::to_string(suspicion.traffic.queries);
        finding.details["distinct subdomain characters"] =
            std::to_string(suspicion.traffic.distinct_characters);
        finding.details["longest query"] = suspicion.traffic.longest_query;
        out.push_back(std::move(finding));
    }
    for (const IcmpSuspicion& suspicion : analysis.icmp().suspicions()) {
        EgressFinding finding = finding_of(suspicion.traffic.key,
                                           "ICMP tunnel",
                                           fmt::format("{} - {}: {}",
                                                       to_text(suspicion.traffic.key.ends[0]),
                                                       to_text(suspicion.traffic.key.ends[1]),
                                                       suspicion.why));
        finding.test =
            "echo data must come back unchanged (RFC 792); sizes and entropy of payloads";
        finding.confidence = suspicion.confidence;
        finding.first_ns = suspicion.traffic.first_ns;
        finding.last_ns = suspicion.traffic.last_ns;
        finding.packets = suspicion.traffic.requests + suspicion.traffic.replies;
        finding.bytes = suspicion.traffic.request_bytes + suspicion.traffic.reply_bytes;
        out.push_back(std::move(finding));
    }
}

void find_oddities(const Analysis& analysis,
                   const DetectorSettings& settings,
                   std::vector<EgressFinding>& out) {
    const std::int64_t watched_ns = analysis.last_ns() - analysis.first_ns();
    const auto& rules = analysis.policy().rules();
    analysis.flows().for_each([&](const Flow& flow) {
        carrier_findings(analysis, flow, out);
        const bool storage =
            flow.rule != rule_none && rules[static_cast<std::size_t>(flow.rule)].storage;
        const std::int64_t lasted_ns = flow.last_ns - flow.opened_ns;
        const bool lasts = lasted_ns >= settings.long_connection_ns &&
                           static_cast<double>(lasted_ns) >=
                               settings.long_connection_share * static_cast<double>(watched_ns);
        if (lasts && !storage && flow.key.protocol == protocol_tcp) {
            EgressFinding finding = finding_of(
                flow.key,
                "long connection",
                fmt::format(
                    "{} lasted {}", flow_text(flow), seconds_text(static_cast<double>(lasted_ns))));
            finding.severity = flow.rule == rule_none ? "finding" : "note";
            finding.test = "longer than an hour and half of the time watched";
            finding.confidence = "medium";
            finding.first_ns = flow.opened_ns;
            finding.last_ns = flow.last_ns;
            finding.packets = flow.packets_all();
            finding.bytes = flow.bytes_all();
            out.push_back(std::move(finding));
        }
    });
}

} // namespace bench::egress
