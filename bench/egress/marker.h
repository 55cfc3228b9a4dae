// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace bench::egress {

// Numbered frames that the bench sends past a tap: those that are not captured tell how much else
// was not. Authenticated with a key of this run, so that nobody else's frame passes for one.
// Format: EtherType 88b5 (IEEE 802 local experimental), "ABMK", number, first 16 bytes of
// HMAC-SHA256.
class Markers {
public:
    using Key = std::array<unsigned char, 32>;
    explicit Markers(const Key& key)
        : key_(key) {}
    static Markers with_random_key(); // Throws HostError.

    struct Ends {
        drivers::wire::MacAddress from{};
        drivers::wire::MacAddress to{};
    };
    std::vector<std::byte> frame(const Ends& ends, std::uint64_t number) const;
    std::optional<std::uint64_t> read(drivers::wire::Bytes frame) const; // None: not one of ours.

private:
    Key key_;
};

struct LossBound { // Of a share: Clopper and Pearson (1934), 95 %.
    double low = 0;
    double high = 1;
};
LossBound loss_bound(std::uint64_t lost, std::uint64_t sent);

// Which markers were sent and which were seen, and so in which seconds frames were lost.
class MarkerBook {
public:
    void sent(std::uint64_t number, std::int64_t at_ns);
    void seen(std::uint64_t number); // Again and again counts once.

    std::uint64_t sent_count() const noexcept { return sent_count_; }
    std::uint64_t lost_count() const noexcept { return waiting_.size(); }
    std::set<std::int64_t> lossy_seconds() const; // UTC, those of the markers never seen.

private:
    std::unordered_map<std::uint64_t, std::int64_t> waiting_;
    std::uint64_t sent_count_ = 0;
};

} // namespace bench::egress
