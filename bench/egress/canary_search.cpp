// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_search.h"

#include <algorithm>
#include <cstring>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t views_max = 200'000;
constexpr std::size_t names_max = 10'000;
constexpr std::size_t groups_max = 10'000;
constexpr std::uint16_t port_dns = 53;

} // namespace

std::uint64_t CanarySearch::Pair::hash(const integrity::SipSecret& secret) const noexcept {
    integrity::SipHash<1, 3> state(secret);
    state.word(std::uint64_t{client.family} << 8U | server.family);
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), client.bytes.data(), client.bytes.size());
    state.word(halves[0]);
    state.word(halves[1]);
    constexpr std::uint64_t bytes_before = 24;
    return state.end_with(std::as_bytes(std::span(server.bytes)), bytes_before);
}

CanarySearch::CanarySearch(integrity::CanaryKeyFile key)
    : key_(std::move(key))
    , tools_(key_.key)
    , views_(views_max)
    , names_(names_max) {}

// What a look has left is its sender's, and so is what it has put by.
void CanarySearch::settle(const Who& who) {
    while (owners_.size() < tools_.put_by.size()) {
        owners_.push_back({who.flow, who.end, who.channel});
    }
    const Unsearched left = tools_.unsearched - settled_;
    if (left.any()) {
        hidden_.note(who.flow, who.end, left);
        settled_ = tools_.unsearched;
    }
}

void CanarySearch::end_views(const Flow& flow, Views& views) {
    const char* channel = flow.key.protocol == protocol_tcp ? "stream" : "datagrams";
    for (std::size_t end = 0; end < views.ends.size(); ++end) {
        if (views.ends[end]) {
            const Who who{*this, flow, end, channel};
            views.ends[end]->end(who.hearer());
            settle(who);
        }
    }
}

void CanarySearch::forget(const FlowKey& key, Views& views) {
    Flow flow;
    flow.key = key;
    flow.initiator = views.initiator;
    flow.phase = views.phase;
    flow.rule = views.rule;
    flow.last_ns = views.last_ns;
    end_views(flow, views);
}

void CanarySearch::search(const Flow& flow, std::size_t end, const Piece& piece) {
    Views& views = views_.find_or_make(
        flow.key, [this](const FlowKey& key, Views& others) { forget(key, others); });
    views.initiator = flow.initiator;
    views.phase = flow.phase;
    views.rule = flow.rule;
    views.last_ns = flow.last_ns;
    const Who who{*this, flow, end, piece.channel};
    const CanaryHearer hearer = who.hearer();
    std::optional<CanaryView>& view = views.ends[end];
    if (!view) {
        view.emplace(tools_, 0, tools_.outermost, true);
    } else if (piece.afresh) {
        view->end(hearer);
    }
    bytes_searched_ += piece.bytes.size();
    view->take(piece.bytes, hearer);
    settle(who);
}

void CanarySearch::stream_bytes(const Flow& flow, std::size_t end, Bytes bytes, bool gap_before) {
    search(flow, end, {"stream", bytes, gap_before});
}

void CanarySearch::datagram(const Flow& flow,
                            std::size_t end,
                            const Packet& packet,
                            std::int64_t /*at_ns*/) {
    if (packet.protocol == protocol_udp && packet.destination_port == port_dns) {
        Bytes after;
        if (asked_.read(packet.payload, after)) {
            name(flow, end);
            search(flow, end, {"datagrams", after, false});
            return;
        }
    }
    search(flow, end, {"datagrams", packet.payload, false});
}

// What names say beyond the part that they share with the one before, put end to end.
void CanarySearch::name(const Flow& flow, std::size_t end) {
    Names& names = names_.find_or_make({flow.key.ends[end], flow.key.ends[1 - end]},
                                       [this](const Pair&, Names& others) { end_names(others); });
    if (asked_ == names.last) {
        return; // The same name for another type, or once more.
    }
    if (!names.as_written) {
        names.as_written.emplace(tools_, 0, tools_.outermost, false);
        names.lower_case.emplace(tools_, 0, tools_.outermost, false);
    }
    names.flow = flow;
    names.end = static_cast<std::uint8_t>(end);
    const AskedName::Fresh fresh = asked_.beyond(names.last);
    bytes_searched_ += fresh.as_written.size();
    const Who who{*this, flow, end, "DNS names"};
    const CanaryHearer say = who.hearer();
    names.as_written->take(std::as_bytes(std::span(fresh.as_written)), say);
    names.lower_case->take(std::as_bytes(std::span(fresh.lower_case)), [&](const CanaryHit& hit) {
        if (hit.place && !names.as_written->has_seen(*hit.place)) {
            say(hit);
        }
    });
    settle(who);
    std::swap(names.last, asked_);
}

void CanarySearch::end_names(Names& names) {
    if (!names.as_written) {
        return;
    }
    const Who who{*this, names.flow, names.end, "DNS names"};
    const CanaryHearer say = who.hearer();
    names.as_written->end(say);
    names.lower_case->end([&](const CanaryHit& hit) {
        if (hit.place && !names.as_written->has_seen(*hit.place)) {
            say(hit);
        }
    });
    settle(who);
}

void CanarySearch::stream_closed(const Flow& flow) {
    if (Views* views = views_.find(flow.key); views != nullptr) {
        end_views(flow, *views);
        views_.erase(flow.key);
    }
}

void CanarySearch::finish() {
    names_.for_each([this](const Pair&, Names& names) {
        end_names(names);
        names.as_written.reset();
        names.lower_case.reset();
        names.last = {};
    });
    tools_.budget.end_of_capture();
    for (std::size_t i = 0; i < tools_.put_by.size(); ++i) { // It may grow.
        const Owner owner = owners_[i];
        const Who who{*this, owner.flow, owner.end, owner.channel};
        PackedStream stream = std::move(tools_.put_by[i]);
        unpack_put_by(tools_, std::move(stream), who.hearer());
        settle(who);
    }
    tools_.put_by.clear();
    owners_.clear();
}

void CanarySearch::note(const Who& who, const CanaryHit& hit) {
    const Flow& flow = who.flow;
    const integrity::CanaryPlace place = hit.place.value_or(integrity::CanaryPlace{});
    if (last_group_ != 0) { // Most are as the one before.
        CanaryGroup& last = groups_[last_group_ - 1];
        if (last.key == flow.key && last.sender == who.end && last.rule == flow.rule &&
            last.channel == who.channel && last.authentic == hit.place.has_value() &&
            last.first.lun == place.lun && last.first.phase == place.phase &&
            last.first.arm == place.arm && last.encoding == hit.encoding &&
            last.inside == hit.inside) {
            last.count += hit.count;
            last.last_ns = std::max(last.last_ns, flow.last_ns);
            return;
        }
    }
    GroupKey of{flow.key,
                who.end,
                who.channel,
                hit.encoding,
                hit.inside,
                hit.place.has_value(),
                std::tuple(place.lun, place.phase, place.arm),
                flow.rule};
    auto found = places_.find(of);
    const bool fresh = found == places_.end();
    const bool full = groups_.size() >= groups_max;
    if (fresh && !full) {
        found = places_.emplace(std::move(of), groups_.size()).first;
        groups_.push_back({flow.key,
                           static_cast<std::uint8_t>(who.end),
                           flow.initiator,
                           who.channel,
                           hit.encoding,
                           hit.inside,
                           hit.place.has_value(),
                           place,
                           0,
                           flow.rule,
                           flow.phase,
                           flow.last_ns,
                           flow.last_ns});
    }
    // The last group takes what no longer fits.
    const std::size_t at = fresh && full ? groups_max - 1 : found->second;
    last_group_ = fresh && full ? last_group_ : at + 1;
    CanaryGroup& group = groups_[at];
    group.count += hit.count;
    group.last_ns = std::max(group.last_ns, flow.last_ns);
}

} // namespace bench::egress
