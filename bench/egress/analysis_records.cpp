// SPDX-License-Identifier: Apache-2.0
// What monitors elsewhere have counted, and what DNS was asked.
#include "bench/egress/analysis.h"

#include <algorithm>

namespace bench::egress {

using namespace drivers::wire;

void Analysis::dns_message(const Flow& flow,
                           const DnsMessage& message,
                           const Packet& packet,
                           std::int64_t at_ns) {
    dns_.message(message, packet, at_ns);
    dns_log_.message(message, packet, at_ns);
    for (const DnsAnswer& answer : message.answers) {
        if (answer.address.family != 0 && !message.questions.empty()) {
            names_.learn(answer.address, message.questions[0].name);
        }
    }
    if (!message.response && flow.rule != rule_none) {
        const auto rule = static_cast<std::size_t>(flow.rule);
        const auto& declared = policy_.rules()[rule].dns_names;
        for (const DnsQuestion& question : message.questions) {
            const bool known =
                declared.empty() ||
                std::any_of(declared.begin(), declared.end(), [&](const std::string& pattern) {
                    return name_matches(pattern, question.name);
                });
            if (!known) {
                undeclared_.asked(question.name, rule, flow.key, at_ns);
            }
        }
    }
}

void Analysis::dns_record(const DnsMessage& message, const Packet& packet, std::int64_t at_ns) {
    const KeyedEnd keyed = key_of(packet);
    if (const Flow* flow = flows_.find(keyed.key); flow != nullptr) {
        dns_message(*flow, message, packet, at_ns);
        return;
    }
    Flow flow;
    flow.key = keyed.key;
    const bool first_asks = (keyed.sender == 0) != message.response;
    flow.initiator = first_asks ? Initiator::first_end : Initiator::second_end;
    flow.rule = policy_.rule_for(flow, phases_.back().name, names_);
    dns_message(flow, message, packet, at_ns);
}

std::vector<TableUse> Analysis::tables() const {
    return {
        {"flows", flows_.folded_count(), "older flows, summed up by service"},
        {"services", services_.left_out(), "flows to further services, not tested for beacons"},
        {"names of addresses", names_.left_out(), "answers that nothing was learnt from"},
        {"DNS domains", dns_.left_out(), "messages below further domains, not added up"},
        {"DNS names", dns_.names_left_out(), "queries not told apart from earlier ones"},
        {"DNS log", dns_log_.left_out(), "questions not logged"},
        {"open DNS questions",
         dns_log_.questions_left_out(),
         "questions whose answers stand by themselves"},
        {"undeclared names",
         undeclared_.left_out(),
         "queries for further names that no rule names"},
        {"ICMP pairs", icmp_.left_out(), "echo messages of further pairs"},
        {"ICMP requests", icmp_.forgotten(), "requests forgotten before their replies"},
        {"TLS and HTTP claims", claims_left_out_, "openings of streams, not kept"},
        {"evidence", evidence_.left_out(), "frames not kept as cut-outs"},
        {"TCP streams", streams_.counts().abandoned, "streams not put together"},
    };
}

void Analysis::enter_phases(std::int64_t at_ns) {
    while (phases_entered_ < settings_.phases.size() &&
           settings_.phases[phases_entered_].from_ns <= at_ns) {
        phases_.push_back(settings_.phases[phases_entered_++]);
    }
}

void Analysis::tell_packets(const Flow& flow, std::size_t sender, HeardPacket heard) {
    const int array_end = policy_.array_end(flow.key);
    if (array_end >= 0 && static_cast<std::size_t>(array_end) != sender && !heard.fresh) {
        return;
    }
    heard.storage =
        flow.rule != rule_none && policy_.rules()[static_cast<std::size_t>(flow.rule)].storage;
    settings_.packets->packet(flow, heard);
}

void Analysis::flow_record(const FlowRecord& record) {
    ++flow_records_;
    first_ns_ = first_ns_ == 0 ? record.first_ns : std::min(first_ns_, record.first_ns);
    last_ns_ = std::max(last_ns_, record.last_ns);
    enter_phases(record.first_ns);
    Flow& flow = *flows_.find_or_make(record.key).flow;
    if (flow.first_ns == 0) {
        flow.first_ns = flow.opened_ns = record.first_ns;
        flow.initiator = record.initiator;
        flow.phase = static_cast<std::uint16_t>(phases_.size() - 1);
        flow.name = names_.name_index(flow.key.ends[1 - flow.initiator_end()]);
        flow.rule = policy_.rule_for(flow, phases_.back().name, names_);
    }
    flow.last_ns = std::max(flow.last_ns, record.last_ns);
    const Tally sum{record.packets[0] + record.packets[1], record.bytes[0] + record.bytes[1]};
    ledger_.captured(sum);
    for (std::size_t end = 0; end < 2; ++end) {
        flow.packets[end] += record.packets[end];
        flow.bytes[end] += record.bytes[end];
        flow.payload_bytes[end] += record.payload_bytes[end];
    }
    if (settings_.packets != nullptr) {
        for (std::size_t end = 0; end < 2; ++end) {
            tell_packets(flow, end, {end == 0, false, record.bytes[end], record.first_ns});
        }
    }
    if (record.initiator != Initiator::unknown) {
        Flow connection = flow; // Of the same ports as one before, perhaps.
        connection.first_ns = record.first_ns;
        connection.last_ns = record.last_ns;
        connection.bytes = record.bytes;
        connection.service = services_.begin(connection).service;
        services_.connection(connection);
    }
    if (flow.rule == rule_none) {
        flow.unlisted_bytes += sum.bytes;
        flow.unlisted_packets += sum.frames;
        ledger_.unlisted(sum);
        return;
    }
    ledger_.allowed(static_cast<std::size_t>(flow.rule), sum);
    spend_budget(record, flow.rule);
}

// A connection longer than the rule's interval is taken to have sent evenly.
void Analysis::spend_budget(const FlowRecord& record, std::int32_t allowed_by) {
    const auto rule = static_cast<std::size_t>(allowed_by);
    const profiles::PolicyRule& declared = policy_.rules()[rule];
    if (!declared.bytes_per_interval) {
        return;
    }
    const int array_end = policy_.array_end(record.key);
    const std::uint64_t sent = array_end < 0 ? record.bytes[0] + record.bytes[1]
                                             : record.bytes[static_cast<std::size_t>(array_end)];
    const std::int64_t interval_ns = declared.interval.count();
    const std::int64_t lasted_ns = std::max<std::int64_t>(record.last_ns - record.first_ns, 0);
    const double share = lasted_ns <= interval_ns
                             ? 1.0
                             : static_cast<double>(interval_ns) / static_cast<double>(lasted_ns);
    BudgetWindow& window = budget_windows_[rule];
    if (window.from_ns == 0 || record.first_ns - window.from_ns >= interval_ns) {
        window = {record.first_ns, 0};
    }
    window.bytes += static_cast<std::uint64_t>(share * static_cast<double>(sent));
    BudgetUse& use = budgets_[rule];
    if (window.bytes > use.worst_bytes) {
        use.worst_bytes = window.bytes;
        use.worst_from_ns = window.from_ns;
    }
}

} // namespace bench::egress
