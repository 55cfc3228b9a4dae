// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_search.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t views_max = 200'000;
constexpr std::size_t names_max = 10'000;
constexpr std::size_t groups_max = 10'000;
constexpr std::uint16_t port_dns = 53;

// Labels of a query's only question as they were sent, case and all; `after` is what follows it.
// Nothing if this is no plain query (RFC 1035 section 4.1).
std::optional<std::vector<std::string>> asked_labels(Bytes message, Bytes& after) {
    Cursor in(message);
    in.skip(2);
    const std::uint16_t flags = in.u16();
    const std::uint16_t questions = in.u16();
    in.skip(6);
    if (!in.ok() || (flags & 0x8000U) != 0 || questions != 1) {
        return std::nullopt;
    }
    std::vector<std::string> out;
    while (in.ok()) {
        const std::uint8_t length = in.u8();
        if (length == 0) {
            in.skip(4);
            after = in.rest();
            return in.ok() ? std::optional(out) : std::nullopt;
        }
        if (length > 63) {
            return std::nullopt;
        }
        const Bytes label = in.take(length);
        std::string text;
        for (const std::byte value : label) {
            text += std::to_integer<char>(value);
        }
        out.push_back(std::move(text));
    }
    return std::nullopt;
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return text;
}

} // namespace

CanarySearch::CanarySearch(integrity::CanaryKeyFile key)
    : key_(std::move(key))
    , tools_(key_.key) {}

CanaryView::Hearer CanarySearch::hearer(const Flow& flow, std::size_t end, const char* channel) {
    return [this, &flow, end, channel](const CanaryHit& hit) {
        note(flow, end, channel, hit);
    };
}

void CanarySearch::forget_all() {
    views_forgotten_ += views_.size();
    for (auto& [key, views] : views_) {
        Flow flow;
        flow.key = key;
        for (std::size_t end = 0; end < views.size(); ++end) {
            if (views[end]) {
                views[end]->end(hearer(flow, end, "stream"));
            }
        }
    }
    views_.clear();
}

void CanarySearch::search(const Flow& flow, std::size_t end, const Piece& piece) {
    if (views_.size() >= views_max && views_.count(flow.key) == 0) {
        forget_all();
    }
    std::unique_ptr<CanaryView>& view = views_[flow.key][end];
    if (!view) {
        view = std::make_unique<CanaryView>(tools_, 0, "", true);
    } else if (piece.afresh) {
        view->end(hearer(flow, end, piece.channel));
    }
    bytes_searched_ += piece.bytes.size();
    view->take(piece.bytes, hearer(flow, end, piece.channel));
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
        if (auto labels = asked_labels(packet.payload, after)) {
            name(flow, end, std::move(*labels));
            search(flow, end, {"datagrams", after, false});
            return;
        }
    }
    search(flow, end, {"datagrams", packet.payload, false});
}

// What names say beyond the part that they share with the one before, put end to end.
void CanarySearch::name(const Flow& flow, std::size_t end, std::vector<std::string> labels) {
    const std::pair pair(flow.key.ends[end], flow.key.ends[1 - end]);
    if (names_.size() >= names_max && names_.count(pair) == 0) {
        views_forgotten_ += names_.size();
        names_.clear();
    }
    Names& names = names_[pair];
    if (labels == names.last) {
        return; // The same name for another type, or once more.
    }
    if (!names.as_written) {
        names.as_written = std::make_unique<CanaryView>(tools_, 0, "", false);
        names.lower_case = std::make_unique<CanaryView>(tools_, 0, "", false);
    }
    names.flow = flow;
    constexpr std::size_t domain_labels = 2;
    std::size_t common = 0;
    while (common < std::min(labels.size(), names.last.size()) &&
           lower_case(labels[labels.size() - 1 - common]) ==
               lower_case(names.last[names.last.size() - 1 - common])) {
        ++common;
    }
    common = std::clamp(common, std::min(domain_labels, labels.size()), labels.size());
    std::string text;
    for (std::size_t i = 0; i + common < labels.size(); ++i) {
        text += labels[i];
    }
    names.last = std::move(labels);
    bytes_searched_ += text.size();
    const auto say = hearer(flow, end, "DNS names");
    names.as_written->take(std::as_bytes(std::span(text)), say);
    const std::string folded = lower_case(text);
    names.lower_case->take(std::as_bytes(std::span(folded)), [&](const CanaryHit& hit) {
        if (hit.place && !names.as_written->has_seen(*hit.place)) {
            say(hit);
        }
    });
}

void CanarySearch::stream_closed(const Flow& flow) {
    const auto found = views_.find(flow.key);
    if (found == views_.end()) {
        return;
    }
    const char* channel = flow.key.protocol == protocol_tcp ? "stream" : "datagrams";
    for (std::size_t end = 0; end < found->second.size(); ++end) {
        if (found->second[end]) {
            found->second[end]->end(hearer(flow, end, channel));
        }
    }
    views_.erase(found);
}

void CanarySearch::finish() {
    for (auto& entry : names_) {
        auto& names = entry.second;
        const std::size_t end = names.flow.key.ends[0] == entry.first.first ? 0 : 1;
        const auto say = hearer(names.flow, end, "DNS names");
        names.as_written->end(say);
        names.lower_case->end([&](const CanaryHit& hit) {
            if (hit.place && !names.as_written->has_seen(*hit.place)) {
                say(hit);
            }
        });
    }
    names_.clear();
}

void CanarySearch::note(const Flow& flow,
                        std::size_t end,
                        const char* channel,
                        const CanaryHit& hit) {
    const integrity::CanaryPlace place = hit.place.value_or(integrity::CanaryPlace{});
    GroupKey who{flow.key,
                 end,
                 channel,
                 hit.encoding,
                 hit.inside,
                 hit.place.has_value(),
                 std::tuple(place.lun, place.phase, place.arm),
                 flow.rule};
    auto found = places_.find(who);
    const bool fresh = found == places_.end();
    const bool full = groups_.size() >= groups_max;
    if (fresh && !full) {
        found = places_.emplace(std::move(who), groups_.size()).first;
        groups_.push_back({flow.key,
                           static_cast<std::uint8_t>(end),
                           flow.initiator,
                           channel,
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
    CanaryGroup& group = groups_[fresh && full ? groups_max - 1 : found->second];
    ++group.count;
    group.last_ns = std::max(group.last_ns, flow.last_ns);
}

} // namespace bench::egress
