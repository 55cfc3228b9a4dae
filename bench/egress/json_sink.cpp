// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/sinks.h"

#include <nlohmann/json.hpp>

namespace bench::egress {

namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json tally_json(const Tally& tally) {
    return {{"frames", tally.frames}, {"bytes", tally.bytes}};
}

Json ledger_json(const Analysis& analysis) {
    const Ledger& ledger = analysis.ledger();
    Json out;
    out["captured"] = tally_json(ledger.captured());
    out["allowed"] = tally_json(ledger.allowed());
    out["unlisted"] = tally_json(ledger.unlisted());
    out["undecoded"] = tally_json(ledger.undecoded());
    out["balances"] = ledger.balances();
    out["allowed_by_rule"] = Json::object();
    const auto& rules = analysis.policy().rules();
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
        out["allowed_by_rule"][rules[rule].name] = tally_json(ledger.allowed_by_rule()[rule]);
    }
    out["undecoded_by_reason"] = Json::object();
    for (std::uint8_t why = 1;
         why <= static_cast<std::uint8_t>(drivers::wire::Undecoded::too_many_layers);
         ++why) {
        const auto reason = static_cast<drivers::wire::Undecoded>(why);
        if (ledger.undecoded(reason).frames > 0) {
            out["undecoded_by_reason"][undecoded_text(reason)] =
                tally_json(ledger.undecoded(reason));
        }
    }
    return out;
}

Json finding_json(const EgressFinding& finding) {
    Json out;
    out["kind"] = finding.kind;
    out["severity"] = finding.severity;
    out["summary"] = finding.summary;
    out["test"] = finding.test;
    out["confidence"] = finding.confidence;
    out["phase"] = finding.phase;
    out["first_utc_ns"] = finding.first_ns;
    out["last_utc_ns"] = finding.last_ns;
    out["packets"] = finding.packets;
    out["bytes"] = finding.bytes;
    out["wireshark_filter"] = finding.filter;
    out["community_id"] = finding.community_id;
    out["details"] = finding.details;
    return out;
}

} // namespace

std::string json_report(const EgressReport& report) {
    const Analysis& analysis = *report.analysis;
    Json out;
    out["$schema"] = "arraybench/egress/1";
    out["source"] = report.source;
    out["policy"] = report.policy;
    out["first_utc_ns"] = analysis.first_ns();
    out["last_utc_ns"] = analysis.last_ns();
    out["flows"] = analysis.flows().size();
    out["flows_folded"] = analysis.flows().folded_count();
    out["books"] = ledger_json(analysis);
    const FragmentCounts& fragments = analysis.fragments();
    out["fragments"] = {{"seen", fragments.fragments},
                        {"reassembled", fragments.reassembled},
                        {"overlapping", fragments.overlaps},
                        {"incomplete", fragments.incomplete},
                        {"malformed", fragments.malformed}};
    out["streams"] = {{"gaps", analysis.streams().gaps},
                      {"gap_bytes", analysis.streams().gap_bytes},
                      {"overlaps", analysis.streams().overlaps}};
    out["malformed_transport_frames"] = analysis.malformed_transport_frames();
    out["wrong_checksum_frames"] = analysis.bad_checksum_frames();
    out["dropped_frames"] = report.dropped;
    out["ended_early"] = report.ended_early;
    out["findings"] = Json::array();
    for (const EgressFinding& finding : report.findings) {
        out["findings"].push_back(finding_json(finding));
    }
    out["canaries"] = report.canary_lines;
    out["notes"] = report.notes;
    out["could_have_shown"] = report.detectable;
    out["not_measured"] = report.not_measured;
    return dumped(out, 2);
}

// One alert a finding and one flow record a flow, with the field names that Suricata's EVE output
// uses.
std::string eve_json(const EgressReport& report) {
    std::string out;
    const auto ends = [](Json& line, const Flow& flow) {
        const std::size_t from = flow.initiator_end();
        line["src_ip"] = drivers::wire::to_text(flow.key.ends[from]);
        line["src_port"] = flow.key.ports[from];
        line["dest_ip"] = drivers::wire::to_text(flow.key.ends[1 - from]);
        line["dest_port"] = flow.key.ports[1 - from];
        line["proto"] = protocol_text(flow.key);
        if (flow.key.vlan != 0) {
            line["vlan"] = {flow.key.vlan};
        }
        line["community_id"] = community_id(flow.key).value_or("");
    };
    for (const EgressFinding& finding : report.findings) {
        Flow flow;
        flow.key = finding.key;
        Json line;
        line["timestamp"] = utc_text(finding.first_ns);
        line["event_type"] = "alert";
        ends(line, flow);
        line["alert"] = {{"signature", finding.kind + ": " + finding.summary},
                         {"category", finding.kind},
                         {"severity", finding.severity == "finding" ? 1 : 3}};
        out += dumped(line, -1);
    }
    report.analysis->flows().for_each([&](const Flow& flow) {
        const std::size_t from = flow.initiator_end();
        Json line;
        line["timestamp"] = utc_text(flow.last_ns);
        line["event_type"] = "flow";
        ends(line, flow);
        line["flow"] = {{"pkts_toserver", flow.packets[from]},
                        {"pkts_toclient", flow.packets[1 - from]},
                        {"bytes_toserver", flow.bytes[from]},
                        {"bytes_toclient", flow.bytes[1 - from]},
                        {"start", utc_text(flow.first_ns)},
                        {"end", utc_text(flow.last_ns)}};
        out += dumped(line, -1);
    });
    return out;
}

} // namespace bench::egress
