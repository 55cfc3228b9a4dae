// SPDX-License-Identifier: Apache-2.0
// Default deny: what no rule allowed, grouped by who called which service of whom.
#include "bench/egress/findings.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t groups_max = 10'000;

struct Group {
    Flow first;
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::int64_t last_ns = 0;
};

bool same_address(const FlowKey& key, std::size_t end, const std::set<IpAddress>& addresses) {
    return addresses.count(key.ends[end]) != 0;
}

// Who serves storage, and to whom: as the allowed storage sessions showed it.
struct StoragePeers {
    std::set<IpAddress> array_ports;
    std::set<IpAddress> initiators;
};

StoragePeers storage_peers(const Analysis& analysis) {
    StoragePeers out;
    const auto& rules = analysis.policy().rules();
    analysis.flows().for_each([&](const Flow& flow) {
        if (flow.rule == rule_none || !rules[static_cast<std::size_t>(flow.rule)].storage ||
            flow.initiator == Initiator::unknown) {
            return;
        }
        const std::size_t client = flow.initiator_end();
        out.array_ports.insert(flow.key.ends[1 - client]);
        out.initiators.insert(flow.key.ends[client]);
    });
    return out;
}

std::string kind_of(const Flow& flow, const StoragePeers& peers) {
    const std::size_t client = flow.initiator_end();
    if (flow.initiator != Initiator::unknown && same_address(flow.key, client, peers.array_ports)) {
        return same_address(flow.key, 1 - client, peers.initiators)
                   ? "data port calls a storage initiator"
                   : "data port calls out";
    }
    if (same_address(flow.key, client, peers.initiators) &&
        same_address(flow.key, 1 - client, peers.array_ports)) {
        return "traffic to an initiator outside storage ports";
    }
    return "unlisted flow";
}

void report_undecoded(const Analysis& analysis, std::vector<EgressFinding>& out) {
    for (auto why = static_cast<std::uint8_t>(Undecoded::unknown_link);
         why <= static_cast<std::uint8_t>(Undecoded::too_many_layers);
         ++why) {
        const auto reason = static_cast<Undecoded>(why);
        const Tally tally = analysis.ledger().undecoded(reason);
        // Unknown protocols and EtherTypes have flows, and stand among the unlisted ones.
        if (tally.frames == 0 || reason == Undecoded::unknown_ether_type ||
            reason == Undecoded::unknown_protocol) {
            continue;
        }
        EgressFinding finding;
        finding.kind = "undecoded frames";
        finding.severity = "finding";
        finding.summary = fmt::format("{} frames ({}) could not be read: {}",
                                      tally.frames,
                                      bytes_text(tally.bytes),
                                      undecoded_text(reason));
        finding.test = "default deny: what cannot be read cannot be allowed";
        finding.confidence = "certain";
        finding.packets = tally.frames;
        finding.bytes = tally.bytes;
        finding.first_ns = analysis.first_ns();
        finding.last_ns = analysis.last_ns();
        out.push_back(std::move(finding));
    }
}

using Claims = std::multimap<FlowKey, const Claim*>; // By their flow

EgressFinding report_group(const Analysis& analysis,
                           const StoragePeers& peers,
                           const Claims& claims,
                           const Group& group) {
    const Flow& flow = group.first;
    EgressFinding finding = finding_of(flow.key, kind_of(flow, peers), "");
    const std::string times = group.flows == 1 ? "" : fmt::format(", {} times", group.flows);
    finding.summary = fmt::format("{}{}: {} packets, {} that no rule allows",
                                  flow_text(flow),
                                  times,
                                  group.packets,
                                  bytes_text(group.bytes));
    finding.test = analysis.policy().rules().empty() ? "no policy was given: everything is unlisted"
                                                     : "default deny: no rule matched";
    finding.confidence = "certain";
    finding.phase = analysis.phases()[flow.phase].name;
    finding.first_ns = flow.first_ns;
    finding.last_ns = group.last_ns;
    finding.packets = group.packets;
    finding.bytes = group.bytes;
    finding.details["connections"] = std::to_string(group.flows);
    if (flow.name != 0) {
        finding.details["name"] = analysis.names().name(flow.name);
    }
    const auto [from, to] = claims.equal_range(flow.key);
    for (auto at = from; at != to; ++at) {
        const Claim& claim = *at->second;
        finding.details[claim.kind] = claim.text;
        if (!claim.fingerprint.empty()) {
            finding.details["TLS fingerprint (JA3)"] = claim.fingerprint;
        }
    }
    return finding;
}

// Unlisted flows by service: whatever port its client came from. Returns how many were not kept.
std::uint64_t group_unlisted(const Analysis& analysis, std::vector<Group>& groups) {
    std::map<FlowKey, std::size_t> index;
    std::uint64_t beyond = 0;
    analysis.flows().for_each([&](const Flow& flow) {
        if (flow.unlisted_packets == 0) {
            return;
        }
        const auto [found, fresh] = index.try_emplace(service_key(flow), groups.size());
        if (fresh) {
            if (groups.size() >= groups_max) {
                index.erase(found);
                ++beyond;
                return;
            }
            groups.push_back({flow, 0, 0, 0, 0});
        }
        Group& group = groups[found->second];
        group.flows += 1;
        group.packets += flow.unlisted_packets;
        group.bytes += flow.unlisted_bytes;
        group.last_ns = std::max(group.last_ns, flow.last_ns);
    });
    return beyond;
}

} // namespace

void find_unlisted(const Analysis& analysis, std::vector<EgressFinding>& out) {
    const StoragePeers peers = storage_peers(analysis);
    std::vector<Group> groups;
    const std::uint64_t beyond = group_unlisted(analysis, groups);
    Claims claims;
    for (const Claim& claim : analysis.claims()) {
        claims.emplace(claim.key, &claim);
    }
    for (const Group& group : groups) {
        out.push_back(report_group(analysis, peers, claims, group));
    }
    for (const auto& [what, sum] : analysis.folded()) {
        if (sum.unlisted_bytes > 0) {
            EgressFinding finding;
            finding.kind = "unlisted flow";
            finding.severity = "finding";
            finding.summary = fmt::format(
                "{} older flows to {} port {}, no longer kept one by one: {} that no rule allows",
                sum.flows,
                std::get<0>(what),
                std::get<1>(what),
                bytes_text(sum.unlisted_bytes));
            finding.test = "default deny: no rule matched";
            finding.confidence = "certain";
            finding.packets = sum.packets;
            finding.bytes = sum.unlisted_bytes;
            out.push_back(std::move(finding));
        }
    }
    if (beyond > 0) {
        EgressFinding finding;
        finding.kind = "unlisted flow";
        finding.severity = "finding";
        finding.summary = fmt::format(
            "{} more unlisted flows beyond the {} services listed one by one", beyond, groups_max);
        finding.confidence = "certain";
        out.push_back(std::move(finding));
    }
    report_undecoded(analysis, out);
}

} // namespace bench::egress
