// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/tcp_streams.h"

#include <algorithm>
#include <limits>

namespace bench::egress {

using namespace drivers::wire;

namespace {

// More than memory takes: so that what is heard at once is never thousands of single bytes.
constexpr std::size_t held_overhead_bytes = 512;
constexpr std::size_t all_gaps = std::numeric_limits<std::size_t>::max();

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

// Hears what now follows, over so many gaps. What follows each other is heard at
// once: many small segments that waited cost no more than their bytes.
void TcpStreams::drain(std::uint32_t stream, std::size_t end, std::size_t gaps_max) {
    Direction& direction = streams_[stream].directions[end];
    joined_.clear();
    std::uint64_t joined_gap = 0;
    const auto hear = [&] {
        if (!joined_.empty()) {
            in_order(stream, end, joined_, joined_gap);
            joined_.clear();
        }
    };
    while (!direction.waiting.empty()) {
        const auto first = direction.waiting.begin();
        const std::uint32_t sequence = direction.base + first->first;
        const std::int32_t ahead = distance(direction.next, sequence);
        if (ahead > 0 && gaps_max-- == 0) {
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
        direction.next = sequence + static_cast<std::uint32_t>(bytes.size());
        if (ahead > 0) {
            hear();
            ++counts_.gaps;
            counts_.gap_bytes += static_cast<std::uint64_t>(ahead);
            joined_gap = static_cast<std::uint64_t>(ahead);
        } else if (joined_.empty()) {
            joined_gap = 0;
        }
        joined_.insert(
            joined_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(known), bytes.end());
    }
    hear();
}

// Too much waits: the first gaps are given up, as many as make room for what came.
void TcpStreams::relieve(std::uint32_t stream, std::size_t end, std::size_t added_bytes) {
    const Direction& direction = streams_[stream].directions[end];
    while (direction.waiting_bytes > limits_.waiting_bytes_max) {
        drain(stream, end, 1);
    }
    const std::size_t room = 2 * (added_bytes + held_overhead_bytes);
    const std::size_t until = waiting_bytes_ - std::min(waiting_bytes_, room);
    while (waiting_bytes_ > limits_.waiting_bytes_max_total && waiting_bytes_ > until &&
           !direction.waiting.empty()) {
        drain(stream, end, 1);
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
        relieve(stream, end, bytes.size());
        return;
    }
    direction.next = sequence + static_cast<std::uint32_t>(bytes.size());
    in_order(stream, end, bytes, 0);
    if (!direction.waiting.empty()) {
        drain(stream, end, 0);
    }
}

void TcpStreams::close(std::uint32_t stream) {
    if (stream == 0 || !streams_[stream].open) {
        return;
    }
    drain(stream, 0, all_gaps);
    drain(stream, 1, all_gaps);
    streams_[stream] = Stream{};
    free_.push_back(stream);
}

} // namespace bench::egress
