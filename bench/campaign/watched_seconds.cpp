// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watched_seconds.h"

#include <algorithm>
#include <cstdlib>

namespace bench::campaign {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t step_ns = 5'000'000; // Slewing moves 50 us in 100 ms.
constexpr std::int64_t marked_max = 3600;   // Of a step of days both ends are enough.

} // namespace

void WatchedSeconds::begin(std::int64_t now_ns, std::int64_t offset_ns) {
    looked_ns_ = now_ns;
    offset_ns_ = offset_ns;
}

void WatchedSeconds::lost(std::int64_t now_ns, const std::string& why) {
    const auto [first, last] = std::minmax({looked_ns_ / ns_per_s, now_ns / ns_per_s});
    bad_.try_emplace(last, why);
    for (std::int64_t second = first; second < std::min(last, first + marked_max); ++second) {
        bad_.try_emplace(second, why);
    }
}

void WatchedSeconds::looked(std::int64_t now_ns, std::optional<std::int64_t> offset_ns) {
    if (offset_ns && std::abs(*offset_ns - offset_ns_) > step_ns) {
        lost(now_ns, "the calendar's clock stepped");
    }
    offset_ns_ = offset_ns.value_or(offset_ns_);
    looked_ns_ = now_ns;
}

} // namespace bench::campaign
