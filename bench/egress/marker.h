// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bench::egress {

// Numbered frames that the bench sends past a tap: those that are not captured tell how much else
// was not. Authenticated with a key of this run, so that nobody else's frame passes for one, and
// nobody can say anything by changing one.
// Format: EtherType 88b5 (IEEE 802 local experimental), "ABMK", number, when it was sent (UTC, ns),
// first 16 bytes of HMAC-SHA256 of both addresses, number and time, zeros.
struct Marker {
    std::uint64_t number = 0;
    std::int64_t sent_ns = 0;
    std::uint64_t tags = 0; // IEEE 802.1Q: what switches have put before it, outermost first.
};

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
    std::vector<std::byte> frame(const Ends& ends, const Marker& marker) const; // Untagged.
    std::optional<Marker> read(drivers::wire::Bytes frame) const; // None: not one of ours.
    const Key& key() const noexcept { return key_; }

private:
    Key key_;
};

struct LossBound { // Of a share: Clopper and Pearson (1934), 95 %.
    double low = 0;
    double high = 1;
};
LossBound loss_bound(std::uint64_t lost, std::uint64_t sent);

// Which markers were sent past one tap and which were seen there, and so in which seconds frames
// were lost.
class MarkerBook {
public:
    void sent(const Marker& marker); // Each once; the tap may have shown it before.

    // Authentic and captured at `at_ns`. False: it must be looked at like any other frame, for it
    // comes late, too often, or under ever new tags, as somebody would send it who has heard it and
    // wants to say something with it.
    bool seen(const Marker& marker, std::int64_t at_ns);

    std::uint64_t sent_count() const noexcept { return sent_count_; }
    std::uint64_t lost_count() const noexcept { return waiting_.size() + given_up_; }
    std::set<std::int64_t> lossy_seconds() const; // UTC, those of the markers never seen.

private:
    std::map<std::uint64_t, std::int64_t> waiting_; // By number: when sent.
    std::uint64_t given_up_ = 0;                    // Waited for too long to be kept one by one.
    std::set<std::int64_t> lossy_seconds_;          // Of those.
    std::map<std::uint64_t, unsigned> copies_;      // Of the last ones: a mirror may show several.
    std::set<std::uint64_t> tags_;
    std::uint64_t sent_count_ = 0;
};

} // namespace bench::egress
