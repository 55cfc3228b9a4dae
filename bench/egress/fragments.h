// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace bench::egress {

struct FragmentCounts {
    std::uint64_t fragments = 0;
    std::uint64_t reassembled = 0;
    std::uint64_t overlaps =
        0; // Fragments that contradict or repeat another's bytes: noted, never silently chosen.
    std::uint64_t incomplete = 0; // Given up: time, memory, or the capture's end.
    std::uint64_t malformed = 0;  // Beyond 64 KiB, or an end that contradicts an earlier end.
};

// Joins IP fragments (RFC 791 section 3.2, RFC 8200 section 4.5) in bounded memory. The first bytes
// to arrive win.
class Fragments {
public:
    explicit Fragments(std::size_t bytes_max = 32U << 20U)
        : bytes_max_(bytes_max) {}

    // Takes a fragment in; returns the whole payload once nothing is missing. Valid until the next
    // call.
    std::optional<drivers::wire::Bytes> add(const Packet& packet, std::int64_t at_ns);

    // Ports of the datagram that this later fragment belongs to, if its first fragment came before.
    struct Ports {
        std::uint16_t source = 0;
        std::uint16_t destination = 0;
    };
    std::optional<Ports> ports_of(const Packet& packet) const;

    void give_up_all();
    const FragmentCounts& counts() const noexcept { return counts_; }

private:
    using Key = std::tuple<IpAddress, IpAddress, std::uint32_t, std::uint8_t, std::uint16_t>;
    struct Datagram {
        // By where they begin, without overlaps. A tree: whoever cuts a datagram into pieces of 8
        // bytes, and sends them backwards or again, must not be able to make each one costly.
        std::map<std::size_t, std::vector<std::byte>> pieces;
        std::size_t payload_held = 0;
        std::optional<std::size_t> end;
        std::optional<Ports> ports;
        std::int64_t first_ns = 0;
        std::size_t bytes_held = 0;
        std::list<Key>::iterator age;
    };

    static Key key(const Packet& packet);
    void insert(Datagram& datagram, std::size_t from, drivers::wire::Bytes bytes);
    std::optional<drivers::wire::Bytes> joined(const Datagram& datagram);
    void expire(std::int64_t now_ns);
    void drop(std::map<Key, Datagram>::iterator which, bool complete);

    std::size_t bytes_max_;
    std::size_t bytes_held_ = 0;
    std::map<Key, Datagram> datagrams_;
    std::list<Key> ages_; // Oldest first.
    std::vector<std::byte> whole_;
    FragmentCounts counts_;
};

} // namespace bench::egress
