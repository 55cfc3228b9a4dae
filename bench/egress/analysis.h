// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/dns_log.h"
#include "bench/egress/dns_watch.h"
#include "bench/egress/evidence.h"
#include "bench/egress/flow_table.h"
#include "bench/egress/fragments.h"
#include "bench/egress/icmp_watch.h"
#include "bench/egress/ledger.h"
#include "bench/egress/policy.h"
#include "bench/egress/services.h"
#include "bench/egress/tcp_streams.h"
#include "bench/egress/undeclared_table.h"
#include "drivers/api/capture_source.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench::egress {

// Hears everything that was carried, put in order: TCP streams piece by piece, other payloads
// whole. The canary search is one; without a hearer streams are only followed until their first
// bytes have told what they are.
class ContentHearer {
public:
    virtual ~ContentHearer() = default;
    virtual void stream_bytes(const Flow& flow,
                              std::size_t end,
                              drivers::wire::Bytes bytes,
                              bool gap_before) = 0;
    virtual void
    datagram(const Flow& flow, std::size_t end, const Packet& packet, std::int64_t at_ns) = 0;
    virtual void stream_closed(const Flow& flow) = 0;
};

struct HeardPacket {
    bool fresh = false;   // The first of its connection
    bool storage = false; // Of a storage session
    std::uint64_t wire_bytes = 0;
    std::int64_t at_ns = 0;
};

// Hears of every packet that the array sent, or might have sent.
class PacketHearer {
public:
    virtual ~PacketHearer() = default;
    virtual void packet(const Flow& flow, const HeardPacket& heard) = 0;
};

struct PhaseMark {
    std::string name;
    std::int64_t from_ns = 0;
};

struct AnalysisSettings {
    std::size_t flows_max = 1'000'000;
    std::size_t evidence_bytes_max = 64U << 20U; // First frames of flows, for cut-outs
    ContentHearer* content = nullptr;
    PacketHearer* packets = nullptr;
    std::vector<PhaseMark> phases{};  // Known beforehand, by instant
    std::size_t dns_log_max = 0;      // Transactions kept one by one, for dns.log
    std::optional<BookPath> mislay{}; // The first frame on this path is not booked: for self-tests
};

// A connection as a flow monitor counted it, and all that is then known of it.
struct FlowRecord {
    FlowKey key;
    Initiator initiator = Initiator::unknown;
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
    std::array<std::uint64_t, 2> packets{};
    std::array<std::uint64_t, 2> bytes{};
    std::array<std::uint64_t, 2> payload_bytes{};
};

// A name that a connection gave itself: TLS server name or HTTP host. Claims of the speaker, not
// facts.
struct Claim {
    std::string kind; // "TLS server name", "HTTP host", ...
    std::string text;
    std::string fingerprint; // JA3 text for TLS
    FlowKey key;
    std::int64_t at_ns = 0;
};

// What flows that no longer have a record of their own added up to, by protocol, serving port and
// rule.
struct FoldedFlows {
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unlisted_bytes = 0;
};

struct BudgetUse { // The interval of a rule in which the array sent most.
    std::int64_t worst_from_ns = 0;
    std::uint64_t worst_bytes = 0;
    std::uint64_t oversize_frames = 0;
    std::uint32_t largest_frame_bytes = 0;
};

// A table whose keys come from outside, and what it did not keep for want of room.
struct TableUse {
    std::string table;
    std::uint64_t left_out = 0;
    std::string what; // Was left out.
};

// Takes frames in the order of capture and keeps what findings are drawn from. Memory is bounded
// whatever the frames hold; what did not fit is counted.
class Analysis final : private StreamHearer {
public:
    Analysis(const CompiledPolicy& policy, AnalysisSettings settings);

    void begin_phase(const std::string& name, std::int64_t at_ns);
    void frame(const drivers::Frame& frame);

    // In place of frames, from the records of a monitor elsewhere; both in the order of their first
    // instants. Detectors that need frames then have nothing to look at.
    void flow_record(const FlowRecord& record);
    void
    dns_record(const drivers::wire::DnsMessage& message, const Packet& packet, std::int64_t at_ns);
    void finish(); // Closes every stream and gives up every open fragment.

    const CompiledPolicy& policy() const noexcept { return policy_; }
    const Ledger& ledger() const noexcept { return ledger_; }
    const FlowTable& flows() const noexcept { return flows_; }
    const Services& services() const noexcept { return services_; }
    const DnsWatch& dns() const noexcept { return dns_; }
    const IcmpWatch& icmp() const noexcept { return icmp_; }
    const FragmentCounts& fragments() const noexcept { return fragments_.counts(); }
    const StreamCounts& streams() const noexcept { return streams_.counts(); }
    const LearnedNames& names() const noexcept { return names_; }
    const Pile<Claim>& claims() const noexcept { return claims_; }
    const std::vector<PhaseMark>& phases() const noexcept { return phases_; }
    const std::map<std::tuple<std::string, std::uint16_t, std::int32_t>, FoldedFlows>&
    folded() const noexcept {
        return folded_;
    }
    const std::vector<BudgetUse>& budgets() const noexcept { return budgets_; }
    const UndeclaredTable& undeclared() const noexcept { return undeclared_; }
    const std::vector<EvidenceFrame>& evidence(const FlowKey& key) const {
        return evidence_.of(key);
    }
    const std::vector<EvidenceFrame>& undecoded_evidence() const noexcept {
        return undecoded_evidence_;
    }
    const Pile<DnsTransaction>& dns_log() const noexcept { return dns_log_.all(); }
    std::vector<TableUse> tables() const;
    std::uint64_t flow_records() const noexcept { return flow_records_; }
    std::uint64_t malformed_transport_frames() const noexcept { return malformed_; }
    std::uint64_t bad_checksum_frames() const noexcept { return bad_checksums_; }
    std::int64_t first_ns() const noexcept { return first_ns_; }
    std::int64_t last_ns() const noexcept { return last_ns_; }

private:
    struct StreamState {
        FlowKey key;
        std::array<std::vector<std::byte>, 2> head;
        std::array<bool, 2> told{};
        std::array<std::size_t, 2> look_at{}; // How much of a head there is when it is looked at.
    };
    struct BudgetWindow {
        std::int64_t from_ns = 0;
        std::uint64_t bytes = 0;
    };

    void heard(std::uint32_t stream,
               std::size_t end,
               drivers::wire::Bytes bytes,
               std::uint64_t gap_before) override;
    void
    account(Flow& flow, const KeyedEnd& keyed, const Packet& packet, const drivers::Frame& frame);
    void begin_flow(Flow& flow, const KeyedEnd& keyed, const Packet& packet, std::int64_t at_ns);
    void begin_again(Flow& flow, std::uint8_t sender, std::int64_t at_ns);
    void spend_budget(const Flow& flow,
                      std::size_t sender,
                      std::uint32_t wire_bytes,
                      std::int64_t at_ns);
    void spend_budget(const FlowRecord& record, std::int32_t allowed_by);
    void look_for_oddities(Flow& flow, std::size_t sender, const Packet& packet);
    void content(Flow& flow, const KeyedEnd& keyed, const Packet& packet, std::int64_t at_ns);
    void dns_message(const Flow& flow,
                     const drivers::wire::DnsMessage& message,
                     const Packet& packet,
                     std::int64_t at_ns);
    void tell_packets(const Flow& flow, std::size_t sender, HeardPacket heard);
    void enter_phases(std::int64_t at_ns);
    void tell_stream(StreamState& state, std::size_t end);
    void close_stream(std::uint32_t stream);
    void fold(const Flow& flow);

    const CompiledPolicy& policy_;
    AnalysisSettings settings_;
    Ledger ledger_;
    FlowTable flows_;
    Fragments fragments_;
    TcpStreams streams_;
    Services services_;
    DnsWatch dns_;
    IcmpWatch icmp_;
    LearnedNames names_;
    Pile<Claim> claims_;
    std::vector<PhaseMark> phases_;
    Pile<StreamState> stream_states_; // The first is none.
    std::map<std::tuple<std::string, std::uint16_t, std::int32_t>, FoldedFlows> folded_;
    std::vector<BudgetUse> budgets_;
    std::vector<BudgetWindow> budget_windows_;
    UndeclaredTable undeclared_;
    Evidence evidence_;
    std::vector<EvidenceFrame> undecoded_evidence_;
    DnsLog dns_log_;
    std::uint64_t claims_left_out_ = 0;
    std::size_t phases_entered_ = 0;
    std::uint64_t flow_records_ = 0;
    std::uint64_t malformed_ = 0;
    std::uint64_t bad_checksums_ = 0;
    std::int64_t first_ns_ = 0;
    std::int64_t last_ns_ = 0;
};

} // namespace bench::egress
