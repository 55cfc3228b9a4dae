// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/analysis.h"
#include "bench/egress/asked_name.h"
#include "bench/egress/canary_view.h"
#include "bench/egress/findings.h"
#include "bench/egress/hidden_content.h"
#include "bench/egress/recent_table.h"
#include "bench/integrity/canary_key_file.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace bench::egress {

// Canaries of one unit that one end of one flow sent in one writing.
struct CanaryGroup {
    FlowKey key;
    std::uint8_t sender = 0;
    Initiator initiator = Initiator::unknown;
    std::string channel; // "stream", "datagrams", "DNS names"
    std::string encoding;
    std::string inside;
    bool authentic = false;
    integrity::CanaryPlace first; // Its address is the first found.
    std::uint64_t count = 0;
    std::int32_t rule = rule_none;
    std::uint16_t phase = 0;
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
};

// Hears an analysis and looks for the canaries of one key in all that was carried: streams and
// datagrams in order, packed or not, and the names that DNS was asked for, end to end.
class CanarySearch final : public ContentHearer {
public:
    explicit CanarySearch(integrity::CanaryKeyFile key);

    void stream_bytes(const Flow& flow, std::size_t end, Bytes bytes, bool gap_before) override;
    void
    datagram(const Flow& flow, std::size_t end, const Packet& packet, std::int64_t at_ns) override;
    void stream_closed(const Flow& flow) override;
    void finish(); // After the analysis has finished.

    const std::vector<CanaryGroup>& groups() const noexcept { return groups_; }
    const CanaryTools& tools() const noexcept { return tools_; }
    const integrity::CanaryKeyFile& key() const noexcept { return key_; }
    std::uint64_t bytes_searched() const noexcept { return bytes_searched_; }
    std::uint64_t views_forgotten() const noexcept {
        return views_.forgotten() + names_.forgotten();
    }
    const HiddenContent& hidden() const noexcept { return hidden_; }

private:
    struct Views { // Of a flow, and what is known of it
        std::array<std::optional<CanaryView>, 2> ends;
        Initiator initiator = Initiator::unknown;
        std::uint16_t phase = 0;
        std::int32_t rule = rule_none;
        std::int64_t last_ns = 0;
    };
    struct Pair { // Who asked whom
        IpAddress client;
        IpAddress server;

        bool operator==(const Pair&) const = default;
        std::uint64_t hash(const integrity::SipSecret& secret) const noexcept;
    };
    using GroupKey = std::tuple<FlowKey,
                                std::size_t,
                                std::string,
                                std::string,
                                std::string,
                                bool,
                                std::tuple<std::uint32_t, std::uint16_t, std::uint16_t>,
                                std::int32_t>;
    struct Names { // What one client asked of one server.
        std::optional<CanaryView> as_written;
        std::optional<CanaryView> lower_case;
        AskedName last;
        Flow flow;
        std::uint8_t end = 0;
    };
    struct Owner { // Of a packed stream that was put by
        Flow flow;
        std::size_t end = 0;
        const char* channel = "";
    };

    struct Who { // Sends what is looked at. Hearers hold one pointer, and so need no memory.
        CanarySearch& search;
        const Flow& flow;
        std::size_t end;
        const char* channel;

        CanaryHearer hearer() const {
            return [this](const CanaryHit& hit) {
                search.note(*this, hit);
            };
        }
    };
    struct Piece {
        const char* channel = "";
        Bytes bytes{};
        bool afresh = false; // Nothing before it belongs to it.
    };
    void search(const Flow& flow, std::size_t end, const Piece& piece);
    void name(const Flow& flow, std::size_t end);
    void forget(const FlowKey& key, Views& views);
    void end_views(const Flow& flow, Views& views);
    void end_names(Names& names);
    void settle(const Who& who);
    void note(const Who& who, const CanaryHit& hit);

    integrity::CanaryKeyFile key_;
    CanaryTools tools_;
    RecentTable<FlowKey, Views> views_;
    RecentTable<Pair, Names> names_;
    AskedName asked_; // By the query that is looked at
    std::vector<CanaryGroup> groups_;
    std::map<GroupKey, std::size_t> places_; // At most as many as groups.
    std::uint64_t bytes_searched_ = 0;
    std::size_t last_group_ = 0; // One past the group that was last added to; 0 = none
    Unsearched settled_;         // Is accounted for.
    HiddenContent hidden_;
    std::vector<Owner> owners_; // As tools_.put_by
};

// Canaries anywhere but on storage sessions are findings; so is content sent so that no search in
// proportion to it could look inside.
void find_canaries(const CanarySearch& search,
                   const Analysis& analysis,
                   std::vector<EgressFinding>& out);

// One sentence a line: what was expected and found, how much was searched, and within what limits.
std::vector<std::string> canary_lines(const CanarySearch& search, const Analysis& analysis);

// What became of samples of every writing, planted into packets of their own and sent through the
// same decoder, reassembly and search, each cut in two segments inside its marker.
struct CanaryControl {
    std::size_t planted = 0;
    std::size_t found = 0;
    std::vector<std::string> missed;
};
CanaryControl run_canary_control(const integrity::CanaryKeyFile& key);

} // namespace bench::egress
