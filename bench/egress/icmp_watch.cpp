// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/icmp_watch.h"

#include "bench/egress/entropy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t pairs_max = 50'000;
constexpr std::size_t asked_max = 100'000;
constexpr std::size_t sizes_kept_max = 64;
constexpr std::uint32_t ordinary_payload_bytes =
    128; // ping sends 32 to 56 by default; path MTU probes one large size.
constexpr std::size_t distinct_sizes_max = 4;
constexpr std::uint64_t changed_replies_min = 2; // One may be two requests with one number.
constexpr std::uint64_t changing_requests_min = 8;
constexpr std::size_t time_stamp_bytes = 16; // What ping puts first
constexpr std::size_t entropy_bytes_min = 64;

} // namespace

IcmpWatch::IcmpWatch()
    : asked_(asked_max) {}

std::uint64_t IcmpWatch::Question::hash(const integrity::SipSecret& secret) const noexcept {
    integrity::SipHash<1, 3> state(secret);
    state.word(key.hash(secret));
    constexpr std::uint64_t message_bytes = 12;
    return state.end(message_bytes, number);
}

// None where there are too many already. Ends alone count: any VLAN, whatever is around.
IcmpTraffic* IcmpWatch::traffic_of(const FlowKey& key) {
    FlowKey bare;
    bare.ends = key.ends;
    const auto hash = static_cast<std::uint32_t>(bare.hash(secret_));
    std::uint32_t at =
        by_ends_.find(hash, [&](std::uint32_t one) { return pairs_[one].key.ends == key.ends; });
    if (at == SlotTable::none) {
        if (pairs_.size() >= pairs_max) {
            return nullptr;
        }
        at = static_cast<std::uint32_t>(pairs_.size());
        by_ends_.insert(hash, at);
        pairs_.emplace_back().key = key;
    }
    return &pairs_[at];
}

std::uint64_t IcmpWatch::hash_of(Bytes bytes) const noexcept {
    return integrity::sip_hash(secret_, bytes);
}

void IcmpWatch::packet(const Packet& packet, std::int64_t at_ns) {
    const bool six = packet.protocol == protocol_icmp6;
    const bool request = packet.source_port == (six ? 128 : 8);
    const bool reply = packet.source_port == (six ? 129 : 0);
    if ((!request && !reply) || packet.is_fragment() || packet.ip_payload.size() < 8) {
        return;
    }
    const KeyedEnd keyed = key_of(packet);
    IcmpTraffic* const known = traffic_of(keyed.key);
    if (known == nullptr) {
        ++left_out_;
        return;
    }
    IcmpTraffic& traffic = *known;
    traffic.first_ns = traffic.first_ns == 0 ? at_ns : traffic.first_ns;
    traffic.last_ns = at_ns;
    const Bytes data = packet.payload;
    (request ? traffic.requests : traffic.replies) += 1;
    (request ? traffic.request_bytes : traffic.reply_bytes) += packet.payload_wire_bytes;
    traffic.payload_bytes_max = std::max(traffic.payload_bytes_max, packet.payload_wire_bytes);
    if (traffic.sizes.size() < sizes_kept_max) {
        traffic.sizes.insert(packet.payload_wire_bytes);
    }
    if (data.size() >= entropy_bytes_min) {
        traffic.entropy_bits_max = std::max(traffic.entropy_bits_max, entropy_bits(data));
    }
    Cursor in(packet.ip_payload);
    in.skip(4);
    const Question question{keyed.key, in.u32()};
    if (request) {
        const std::uint64_t said = hash_of(data.subspan(std::min(data.size(), time_stamp_bytes)));
        traffic.changing_requests +=
            traffic.requests > 1 && said != traffic.last_request_hash ? 1U : 0U;
        traffic.last_request_hash = said;
        asked_.find_or_make(question, [](const Question&, std::uint64_t) {}) = hash_of(data);
    } else if (const std::uint64_t* asked = asked_.find(question); asked == nullptr) {
        ++traffic.unasked_replies;
    } else if (*asked != hash_of(data)) {
        ++traffic.changed_replies;
    }
}

std::vector<IcmpSuspicion> IcmpWatch::suspicions() const {
    std::vector<IcmpSuspicion> out;
    std::vector<const IcmpTraffic*> in_order;
    for (const IcmpTraffic& one : pairs_) {
        in_order.push_back(&one);
    }
    std::sort(
        in_order.begin(), in_order.end(), [](const IcmpTraffic* left, const IcmpTraffic* right) {
            return left->key.ends < right->key.ends;
        });
    for (const IcmpTraffic* one : in_order) {
        const IcmpTraffic& traffic = *one;
        std::string why;
        const auto add = [&](const std::string& reason) {
            why += (why.empty() ? "" : "; ") + reason;
        };
        if (traffic.changed_replies >= changed_replies_min) {
            add(fmt::format("{} of {} echo replies carry other data than their requests",
                            traffic.changed_replies,
                            traffic.replies));
        }
        if (traffic.unasked_replies >= changed_replies_min && traffic.requests > 0) {
            add(fmt::format("{} replies that nobody asked for", traffic.unasked_replies));
        }
        if (traffic.changing_requests >= changing_requests_min) {
            add(fmt::format("{} of {} requests carry other data than the one before",
                            traffic.changing_requests,
                            traffic.requests));
        }
        if (traffic.payload_bytes_max > ordinary_payload_bytes &&
            traffic.sizes.size() > distinct_sizes_max) {
            add(fmt::format("payloads up to {} B in {} sizes, up to {:.1f} bits of entropy a byte",
                            traffic.payload_bytes_max,
                            traffic.sizes.size(),
                            traffic.entropy_bits_max));
        }
        if (!why.empty()) {
            const bool strong = why.find(';') != std::string::npos;
            out.push_back({fmt::format("ICMP echo as a carrier: {}; {} B asked, {} B answered",
                                       why,
                                       traffic.request_bytes,
                                       traffic.reply_bytes),
                           strong ? "high" : "medium",
                           traffic});
        }
    }
    return out;
}

} // namespace bench::egress
