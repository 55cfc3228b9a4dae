// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/marker.h"

#include <cstdint>
#include <set>
#include <string>

namespace bench::campaign {

// The books of a capture at one moment, or of a stretch of it.
struct EgressBooks {
    std::uint64_t frames = 0;
    std::uint64_t captured_bytes = 0;
    std::uint64_t allowed_bytes = 0;
    std::uint64_t unlisted_bytes = 0;
    std::uint64_t undecoded_bytes = 0;
    std::int64_t watched_ns = 0;

    EgressBooks& operator+=(const EgressBooks& other);
    EgressBooks operator-(const EgressBooks& earlier) const;
    bool operator==(const EgressBooks& other) const = default;
};

// What is known of the losses at one tap.
struct TapBook {
    std::string interface;
    std::set<std::string> markers_from; // Interfaces; none: no bench sends markers past it.
    std::string no_markers;             // Why none could be sent, where some should be.
    egress::MarkerBook markers;
    std::uint64_t markers_refused = 0; // By the interface; they count as lost.
    std::uint64_t dropped = 0;         // As the kernel counts.
};

std::int64_t utc_now_ns();
std::int64_t steady_now_ns(); // The monotonic clock, which all processes of a host share.

} // namespace bench::campaign
