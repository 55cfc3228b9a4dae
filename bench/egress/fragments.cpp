// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/fragments.h"

#include <algorithm>
#include <iterator>

namespace bench::egress {

namespace {

constexpr std::size_t datagram_bytes_max = 65535;
constexpr std::int64_t patience_ns = 60'000'000'000; // RFC 8200 section 4.5
constexpr std::size_t piece_overhead_bytes = 64;
constexpr int given_up_at_once = 8; // For time: many may have begun together.

} // namespace

Fragments::Key Fragments::key(const Packet& packet) {
    return {packet.source, packet.destination, packet.ip_id, packet.protocol, packet.vlan};
}

std::optional<Fragments::Ports> Fragments::ports_of(const Packet& packet) const {
    const auto found = datagrams_.find(key(packet));
    return found == datagrams_.end() ? std::nullopt : found->second.ports;
}

std::optional<drivers::wire::Bytes> Fragments::add(const Packet& packet, std::int64_t at_ns) {
    ++counts_.fragments;
    expire(at_ns);
    const std::size_t from = packet.fragment_offset;
    const drivers::wire::Bytes bytes = packet.ip_payload;
    const std::size_t to = from + bytes.size();
    if (to > datagram_bytes_max || bytes.empty() || packet.has(drivers::wire::mark_truncated)) {
        ++counts_.malformed;
        return std::nullopt;
    }
    auto [where, fresh] = datagrams_.try_emplace(key(packet));
    if (!fresh && at_ns - where->second.first_ns > patience_ns) {
        drop(where, false);
        std::tie(where, fresh) = datagrams_.try_emplace(key(packet));
    }
    Datagram& datagram = where->second;
    if (fresh) {
        datagram.first_ns = at_ns;
        datagram.age = ages_.insert(ages_.end(), where->first);
    }
    if (from == 0) {
        datagram.ports = Ports{packet.source_port, packet.destination_port};
    }
    const std::size_t reached =
        datagram.pieces.empty()
            ? 0
            : datagram.pieces.rbegin()->first + datagram.pieces.rbegin()->second.size();
    const bool contradicts =
        (datagram.end && (to > *datagram.end || (!packet.more_fragments && to != *datagram.end))) ||
        (!packet.more_fragments && reached > to);
    if (contradicts) {
        ++counts_.malformed;
        return std::nullopt;
    }
    if (!packet.more_fragments) {
        datagram.end = to;
    }
    insert(datagram, from, bytes);
    const auto whole = joined(datagram);
    if (whole) {
        ++counts_.reassembled;
        drop(where, true);
    }
    return whole;
}

void Fragments::insert(Datagram& datagram, std::size_t from, drivers::wire::Bytes bytes) {
    std::size_t at = from;
    const std::size_t to = from + bytes.size();
    bool overlaps = false;
    const auto keep = [&](std::size_t until) { // What no earlier piece holds.
        const auto cut = bytes.subspan(at - from, until - at);
        datagram.pieces.emplace(at, std::vector<std::byte>(cut.begin(), cut.end()));
        datagram.payload_held += cut.size();
        datagram.bytes_held += cut.size() + piece_overhead_bytes;
        bytes_held_ += cut.size() + piece_overhead_bytes;
    };
    auto piece = datagram.pieces.upper_bound(from); // The first behind the one that may reach in.
    piece = piece == datagram.pieces.begin() ? piece : std::prev(piece);
    for (; piece != datagram.pieces.end() && piece->first < to; ++piece) {
        const std::size_t piece_end = piece->first + piece->second.size();
        if (piece_end <= at) {
            continue;
        }
        overlaps = true;
        if (piece->first > at) {
            keep(piece->first);
        }
        at = std::max(at, piece_end);
    }
    if (at < to) {
        keep(to);
    }
    counts_.overlaps += overlaps ? 1 : 0;
}

// Pieces overlap nowhere and lie before the end: as many bytes as that are all of them.
std::optional<drivers::wire::Bytes> Fragments::joined(const Datagram& datagram) {
    if (!datagram.end || datagram.payload_held < *datagram.end) {
        return std::nullopt;
    }
    whole_.clear();
    for (const auto& [from, bytes] : datagram.pieces) {
        whole_.insert(whole_.end(), bytes.begin(), bytes.end());
    }
    whole_.resize(*datagram.end);
    return drivers::wire::Bytes(whole_);
}

void Fragments::expire(std::int64_t now_ns) {
    for (int given_up = 0; !ages_.empty(); ++given_up) {
        const auto oldest = datagrams_.find(ages_.front());
        const bool late =
            now_ns - oldest->second.first_ns > patience_ns && given_up < given_up_at_once;
        if (bytes_held_ <= bytes_max_ && !late) {
            break;
        }
        drop(oldest, false);
    }
}

void Fragments::drop(std::map<Key, Datagram>::iterator which, bool complete) {
    counts_.incomplete += complete ? 0 : 1;
    bytes_held_ -= which->second.bytes_held;
    ages_.erase(which->second.age);
    datagrams_.erase(which);
}

void Fragments::give_up_all() {
    while (!datagrams_.empty()) {
        drop(datagrams_.begin(), false);
    }
}

} // namespace bench::egress
