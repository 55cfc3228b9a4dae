// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace bench::egress {

struct StreamCounts {
    std::uint64_t gaps =
        0; // Stretches that the capture does not hold: said aloud, never bridged in silence.
    std::uint64_t gap_bytes = 0;
    std::uint64_t overlaps = 0;  // Retransmitted stretches; the first bytes to arrive win.
    std::uint64_t abandoned = 0; // Streams given up for memory.
};

// Hears a direction of a TCP connection in order. `gap_before` bytes are missing before these.
class StreamHearer {
public:
    virtual ~StreamHearer() = default;
    virtual void heard(std::uint32_t stream,
                       std::size_t end,
                       drivers::wire::Bytes bytes,
                       std::uint64_t gap_before) = 0;
};

// Puts TCP segments in order (RFC 9293 section 3.4), both directions of every connection, in
// bounded memory per stream and in total. A stretch that stays missing becomes a gap once too much
// waits behind it.
class TcpStreams {
public:
    struct Limits { // Of what is out of order; each segment counts as 512 bytes more.
        std::size_t waiting_bytes_max = 5U << 18U; // Per direction
        std::size_t waiting_bytes_max_total = 64U << 20U;
        std::size_t streams_max = 1U << 20U;
    };

    explicit TcpStreams(StreamHearer& hearer)
        : TcpStreams(hearer, Limits{}) {}
    TcpStreams(StreamHearer& hearer, Limits limits)
        : hearer_(hearer)
        , limits_(limits)
        , streams_(1) {}

    // A number for a new connection; 0 = there are too many, and this one is not followed.
    std::uint32_t open();

    // Takes a segment that `end` sent; number 0 is passed over.
    void add(std::uint32_t stream, std::size_t end, const Packet& packet);

    // No more of this connection: what waits is heard with its gaps.
    void close(std::uint32_t stream);

    const StreamCounts& counts() const noexcept { return counts_; }

private:
    struct Direction {
        bool begun = false;
        std::uint32_t next = 0; // Sequence number expected
        std::size_t waiting_bytes = 0;
        std::map<std::uint32_t, std::vector<std::byte>> waiting; // By distance from `base`.
        std::uint32_t base = 0;
    };
    struct Stream {
        std::array<Direction, 2> directions;
        bool open = false;
    };

    void
    in_order(std::uint32_t stream, std::size_t end, drivers::wire::Bytes bytes, std::uint64_t gap);
    void drain(std::uint32_t stream, std::size_t end, std::size_t gaps_max);
    void relieve(std::uint32_t stream, std::size_t end, std::size_t added_bytes);
    void hold(Direction& direction, std::uint32_t sequence, drivers::wire::Bytes bytes);

    StreamHearer& hearer_;
    Limits limits_;
    std::deque<Stream> streams_;
    std::vector<std::uint32_t> free_;
    std::vector<std::byte> joined_; // What is heard at once of what waited
    std::size_t waiting_bytes_ = 0;
    StreamCounts counts_;
};

} // namespace bench::egress
