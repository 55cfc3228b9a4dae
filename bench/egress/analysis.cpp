// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/analysis.h"

#include <algorithm>
#include <utility>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t evidence_frames_per_flow = 4;
constexpr std::size_t undecoded_evidence_frames = 64;

bool may_be_allowed(Undecoded why) {
    // A rule may name a protocol or EtherType that has no decoder here; broken frames no rule can
    // allow.
    return why == Undecoded::none || why == Undecoded::unknown_ether_type ||
           why == Undecoded::unknown_protocol;
}

} // namespace

Analysis::Analysis(const CompiledPolicy& policy, AnalysisSettings settings)
    : policy_(policy)
    , settings_(std::move(settings))
    , ledger_(policy.rules().size())
    , flows_(settings.flows_max, [this](const Flow& flow) { fold(flow); })
    , streams_(*this)
    , phases_{{"", 0}}
    , budgets_(policy.rules().size())
    , budget_windows_(policy.rules().size())
    , evidence_(settings.evidence_bytes_max)
    , dns_log_(settings.dns_log_max) {
    stream_states_.emplace_back();
    if (settings_.mislay) {
        ledger_.mislay_next(*settings_.mislay);
    }
}

void Analysis::begin_phase(const std::string& name, std::int64_t at_ns) {
    phases_.push_back({name, at_ns});
}

void Analysis::frame(const drivers::Frame& frame) {
    ledger_.captured(frame.wire_bytes);
    const std::int64_t at_ns = frame.at.time_since_epoch().count();
    first_ns_ = first_ns_ == 0 ? at_ns : std::min(first_ns_, at_ns);
    last_ns_ = std::max(last_ns_, at_ns);
    enter_phases(at_ns);
    Packet packet = decode_frame(frame.bytes, frame.link_type, frame.wire_bytes);
    malformed_ += packet.has(mark_malformed_transport) ? 1U : 0U;
    bad_checksums_ += (packet.marks & (mark_ip_checksum | mark_transport_checksum)) != 0 ? 1U : 0U;
    if (!may_be_allowed(packet.undecoded)) {
        ledger_.undecoded(packet.undecoded, frame.wire_bytes);
        if (undecoded_evidence_.size() < undecoded_evidence_frames) {
            undecoded_evidence_.push_back(evidence_of(frame));
        }
        return;
    }
    std::optional<Bytes> whole;
    if (packet.is_fragment()) {
        whole = fragments_.add(packet, at_ns);
        if (packet.fragment_offset != 0) {
            const auto ports = fragments_.ports_of(packet);
            packet.source_port = ports ? ports->source : std::uint16_t{0};
            packet.destination_port = ports ? ports->destination : std::uint16_t{0};
        }
    }
    if (whole) {
        Packet joined = packet;
        decode_transport(joined, *whole);
        packet.source_port = joined.source_port;
        packet.destination_port = joined.destination_port;
        const KeyedEnd keyed = key_of(joined);
        account(*flows_.find_or_make(keyed.key).flow, keyed, packet, frame);
        if (Flow* flow = flows_.find(keyed.key); flow != nullptr) {
            content(*flow, keyed, joined, at_ns);
        }
        return;
    }
    const KeyedEnd keyed = key_of(packet);
    Flow& flow = *flows_.find_or_make(keyed.key).flow;
    account(flow, keyed, packet, frame);
    if (!packet.is_fragment()) {
        content(flow, keyed, packet, at_ns);
    }
}

void Analysis::begin_flow(Flow& flow,
                          const KeyedEnd& keyed,
                          const Packet& packet,
                          std::int64_t at_ns) {
    flow.first_ns = flow.opened_ns = at_ns;
    flow.phase = static_cast<std::uint16_t>(phases_.size() - 1);
    const auto sender = keyed.sender == 0 ? Initiator::first_end : Initiator::second_end;
    const auto other = keyed.sender == 0 ? Initiator::second_end : Initiator::first_end;
    if (packet.protocol != protocol_tcp || !packet.is_ip()) {
        flow.initiator = sender;
    } else if ((packet.tcp_flags & tcp_syn) != 0) {
        flow.initiator = (packet.tcp_flags & tcp_ack) != 0 ? other : sender;
    }
    flow.rule = policy_.rule_for(flow, phases_.back().name, names_);
    flow.name = names_.name_index(flow.key.ends[1 - flow.initiator_end()]);
    if (flow.initiator != Initiator::unknown && packet.is_ip()) {
        const Services::Begun begun = services_.begin(flow);
        flow.service = begun.service;
        flow.start = begun.start;
    }
}

// The same ports again, after the connection before was closed: a connection of its own, with
// sequence numbers of its own.
void Analysis::begin_again(Flow& flow, std::uint8_t sender, std::int64_t at_ns) {
    flow.opened_ns = at_ns;
    flow.initiator = sender == 0 ? Initiator::first_end : Initiator::second_end;
    flow.tcp_flags_seen = {};
    if (flow.streams != 0) {
        close_stream(flow.streams);
        flow.streams = 0;
    }
    if (settings_.content != nullptr) {
        settings_.content->stream_closed(flow);
    }
    flow.rule = policy_.rule_for(flow, phases_.back().name, names_);
    Flow connection = flow;
    connection.first_ns = at_ns;
    const Services::Begun begun = services_.begin(connection);
    flow.start = begun.service == flow.service ? flow.start : 0;
    flow.service = begun.service;
}

void Analysis::account(Flow& flow,
                       const KeyedEnd& keyed,
                       const Packet& packet,
                       const drivers::Frame& frame) {
    const std::int64_t at_ns = frame.at.time_since_epoch().count();
    constexpr std::uint8_t over = tcp_fin | tcp_rst;
    bool fresh = flow.packets_all() == 0;
    const auto phase = static_cast<std::uint16_t>(phases_.size() - 1);
    if (fresh) {
        begin_flow(flow, keyed, packet, at_ns);
    } else if (flow.phase != phase) {
        flow.phase = phase;
        flow.rule = policy_.rule_for(flow, phases_.back().name, names_);
    }
    if (!fresh && (packet.tcp_flags & (tcp_syn | tcp_ack)) == tcp_syn &&
        ((flow.tcp_flags_seen[0] | flow.tcp_flags_seen[1]) & over) != 0) {
        begin_again(flow, keyed.sender, at_ns);
        fresh = true;
    }
    if (flow.packets_all() < evidence_frames_per_flow) {
        evidence_.keep(flow.key, frame);
    }
    flow.last_ns = at_ns;
    flow.packets[keyed.sender] += 1;
    flow.bytes[keyed.sender] += frame.wire_bytes;
    flow.payload_bytes[keyed.sender] += packet.payload_wire_bytes;
    flow.marks |= packet.marks;
    flow.tcp_flags_seen[keyed.sender] |= packet.tcp_flags;
    look_for_oddities(flow, keyed.sender, packet);
    if (settings_.packets != nullptr) {
        tell_packets(flow, keyed.sender, {fresh, false, frame.wire_bytes, at_ns});
    }
    if (flow.service != 0) {
        services_.packet(flow,
                         {keyed.sender == flow.initiator_end(),
                          packet.payload_wire_bytes > 0,
                          frame.wire_bytes,
                          at_ns});
    }
    if (flow.rule != rule_none) {
        ledger_.allowed(static_cast<std::size_t>(flow.rule), frame.wire_bytes);
        spend_budget(flow, keyed.sender, frame.wire_bytes, at_ns);
        return;
    }
    flow.unlisted_bytes += frame.wire_bytes;
    flow.unlisted_packets += 1;
    if (packet.undecoded != Undecoded::none) {
        ledger_.undecoded(packet.undecoded, frame.wire_bytes);
    } else {
        ledger_.unlisted(frame.wire_bytes);
    }
}

void Analysis::spend_budget(const Flow& flow,
                            std::size_t sender,
                            std::uint32_t wire_bytes,
                            std::int64_t at_ns) {
    const auto rule = static_cast<std::size_t>(flow.rule);
    const profiles::PolicyRule& declared = policy_.rules()[rule];
    BudgetUse& use = budgets_[rule];
    use.largest_frame_bytes = std::max(use.largest_frame_bytes, wire_bytes);
    use.oversize_frames +=
        declared.frame_bytes_max && wire_bytes > *declared.frame_bytes_max ? 1U : 0U;
    const int array_end = policy_.array_end(flow.key);
    if (!declared.bytes_per_interval ||
        (array_end >= 0 && static_cast<std::size_t>(array_end) != sender)) {
        return;
    }
    BudgetWindow& window = budget_windows_[rule];
    if (window.from_ns == 0 || at_ns - window.from_ns >= declared.interval.count()) {
        window = {at_ns, 0};
    }
    window.bytes += wire_bytes;
    if (window.bytes > use.worst_bytes) {
        use.worst_bytes = window.bytes;
        use.worst_from_ns = window.from_ns;
    }
}

void Analysis::look_for_oddities(Flow& flow, std::size_t sender, const Packet& packet) {
    constexpr std::uint8_t saturated = 255;
    if (!packet.is_ip()) {
        return;
    }
    if (flow.ttl_first[sender] == 0) {
        flow.ttl_first[sender] = packet.ttl;
    } else if (flow.ttl_first[sender] != packet.ttl && flow.ttl_changes[sender] < saturated) {
        ++flow.ttl_changes[sender];
    }
    const auto printable = [](std::uint32_t letter) {
        return letter >= 0x20 && letter < 0x7F;
    };
    if (packet.source.family != 4) {
        return;
    }
    // A host's counter of identifications walks through the printable ones now and then: between
    // two packets of a pair Linux adds at most the ticks that have passed. Only jumps are judged.
    constexpr std::uint32_t counter_step_max = 4096;
    const auto step = static_cast<std::uint16_t>(packet.ip_id - flow.last_id[sender]);
    const bool is_counter = flow.packets[sender] > 1 && step <= counter_step_max;
    flow.last_id[sender] = static_cast<std::uint16_t>(packet.ip_id);
    if (!is_counter && flow.judged_ids < saturated) {
        ++flow.judged_ids;
        if (printable(packet.ip_id >> 8U) && printable(packet.ip_id & 0xFFU)) {
            ++flow.printable_ids;
        }
    }
}

void Analysis::fold(const Flow& flow) {
    services_.end(flow);
    const std::uint16_t port = flow.key.ports[1 - flow.initiator_end()];
    FoldedFlows& sum = folded_[{protocol_text(flow.key), port, flow.rule}];
    sum.flows += 1;
    sum.packets += flow.packets_all();
    sum.bytes += flow.bytes_all();
    sum.unlisted_bytes += flow.unlisted_bytes;
    if (flow.streams != 0) {
        close_stream(flow.streams);
    }
    if (settings_.content != nullptr) {
        settings_.content->stream_closed(flow);
    }
}

void Analysis::finish() {
    fragments_.give_up_all();
    flows_.for_each([this](const Flow& flow) {
        services_.end(flow);
        if (flow.streams != 0) {
            close_stream(flow.streams);
        }
        if (settings_.content != nullptr) {
            settings_.content->stream_closed(flow);
        }
    });
}

} // namespace bench::egress
