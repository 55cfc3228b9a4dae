// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/tcp_streams.h"

#include <algorithm>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t held_overhead_bytes = 96;

std::int32_t distance(std::uint32_t from, std::uint32_t to) {
    return static_cast<std::int32_t>(to - from);
}

} // namespace

void TcpStreams::in_order(std::uint32_t stream, std::size_t end, Bytes bytes, std::uint64_t gap) {
    hearer_.heard(stream, end, bytes, gap);
}

void TcpStreams::hold(Direction& direction, std::uint32_t sequence, Bytes bytes) {
    if (direction.waiting.empty()) {
        direction.base = direction.next;
    }
    std::vector<std::byte>& slot = direction.waiting[sequence - direction.base];
    if (!slot.empty()) {
        ++counts_.overlaps;
        if (slot.size() >= bytes.size()) {
            return;
        }
        direction.waiting_bytes -= slot.size() + held_overhead_bytes;
        waiting_bytes_ -= slot.size() + held_overhead_bytes;
    }
    slot.assign(bytes.begin(), bytes.end());
    direction.waiting_bytes += slot.size() + held_overhead_bytes;
    waiting_bytes_ += slot.size() + held_overhead_bytes;
}

// Hears what now follows; with `over_gaps` also what does not.
void TcpStreams::drain(std::uint32_t stream, std::size_t end, bool over_gaps) {
    Direction& direction = streams_[stream].directions[end];
    while (!direction.waiting.empty()) {
        const auto first = direction.waiting.begin();
        const std::uint32_t sequence = direction.base + first->first;
        const std::int32_t ahead = distance(direction.next, sequence);
        if (ahead > 0 && !over_gaps) {
            break;
        }
        const std::vector<std::byte> bytes = std::move(first->second);
        direction.waiting_bytes -= bytes.size() + held_overhead_bytes;
        waiting_bytes_ -= bytes.size() + held_overhead_bytes;
        direction.waiting.erase(first);
        const std::size_t known = ahead < 0 ? static_cast<std::size_t>(-std::int64_t{ahead}) : 0;
        if (known >= bytes.size()) {
            continue;
        }
        const auto gap = static_cast<std::uint64_t>(std::max(ahead, 0));
        counts_.gaps += gap > 0 ? 1 : 0;
        counts_.gap_bytes += gap;
        direction.next = sequence + static_cast<std::uint32_t>(bytes.size());
        in_order(stream, end, Bytes(bytes).subspan(known), gap);
    }
}

std::uint32_t TcpStreams::open() {
    if (free_.empty() && streams_.size() > limits_.streams_max) {
        ++counts_.abandoned;
        return 0;
    }
    auto stream = static_cast<std::uint32_t>(streams_.size());
    if (free_.empty()) {
        streams_.emplace_back();
    } else {
        stream = free_.back();
        free_.pop_back();
    }
    streams_[stream].open = true;
    return stream;
}

void TcpStreams::add(std::uint32_t stream, std::size_t end, const Packet& packet) {
    if (stream == 0) {
        return;
    }
    Direction& direction = streams_[stream].directions[end];
    std::uint32_t sequence = packet.tcp_sequence;
    if ((packet.tcp_flags & tcp_syn) != 0) {
        ++sequence; // SYN takes a number of its own.
        direction.begun = true;
        direction.next = sequence;
    }
    Bytes bytes = packet.payload;
    if (bytes.empty()) {
        return;
    }
    if (!direction.begun) { // Joined in the middle: what comes first is the beginning.
        direction.begun = true;
        direction.next = sequence;
    }
    const std::int32_t ahead = distance(direction.next, sequence);
    if (ahead < 0) {
        ++counts_.overlaps;
        const auto known = static_cast<std::size_t>(-std::int64_t{ahead});
        if (known >= bytes.size()) {
            return;
        }
        bytes = bytes.subspan(known);
        sequence = direction.next;
    } else if (ahead > 0) {
        hold(direction, sequence, bytes);
        if (direction.waiting_bytes > limits_.waiting_bytes_max ||
            waiting_bytes_ > limits_.waiting_bytes_max_total) {
            drain(stream, end, true);
        }
        return;
    }
    direction.next = sequence + static_cast<std::uint32_t>(bytes.size());
    in_order(stream, end, bytes, 0);
    if (!direction.waiting.empty()) {
        drain(stream, end, false);
    }
}

void TcpStreams::close(std::uint32_t stream) {
    if (stream == 0 || !streams_[stream].open) {
        return;
    }
    drain(stream, 0, true);
    drain(stream, 1, true);
    streams_[stream] = Stream{};
    free_.push_back(stream);
}

} // namespace bench::egress
