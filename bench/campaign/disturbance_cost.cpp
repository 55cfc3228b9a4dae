// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/disturbance_cost.h"

#include <algorithm>
#include <optional>

namespace bench::campaign {

using profiles::AccessEnd;
using profiles::Duration;

namespace {

constexpr double recovered_share = 0.95;
constexpr Duration slot{std::chrono::milliseconds(50)};
constexpr std::size_t slots_in_a_row = 4; // So long it must last to count as recovered.

// Completions in [from, until), per slot of 50 ms.
std::vector<double>
rates(const std::vector<WatchedAccess>& accesses, Duration from, Duration until) {
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, (until - from) / slot));
    std::vector<double> out(count);
    for (const WatchedAccess& access : accesses) {
        if (access.end == AccessEnd::good && access.done >= from && access.done < until) {
            const auto at = static_cast<std::size_t>((access.done - from) / slot);
            if (at < count) {
                out[at] += 1;
            }
        }
    }
    return out;
}

// When the mean over a few slots first comes back, and no window before the end of what is known
// falls below half of it again, which catches a rate that only flickers.
std::optional<Duration> recovery(const std::vector<WatchedAccess>& accesses,
                                 const DisturbedStretch& stretch) {
    const auto before = rates(accesses, stretch.measured_from, stretch.at);
    const auto after = rates(accesses, stretch.at, stretch.until);
    if (before.size() < slots_in_a_row || after.size() < slots_in_a_row) {
        return std::nullopt;
    }
    double wanted = 0;
    for (const double count : before) {
        wanted += count;
    }
    wanted = wanted / static_cast<double>(before.size()) * recovered_share;
    std::optional<std::size_t> since;
    for (std::size_t at = 0; at + slots_in_a_row <= after.size(); ++at) {
        double sum = 0;
        for (std::size_t i = 0; i < slots_in_a_row; ++i) {
            sum += after[at + i];
        }
        const double mean = sum / slots_in_a_row;
        if (mean < wanted / 2) {
            since.reset();
        } else if (mean >= wanted && !since) {
            since = at;
        }
    }
    return since ? std::optional(slot * static_cast<std::int64_t>(*since)) : std::nullopt;
}

Duration longest_gap(const std::vector<WatchedAccess>& by_done, const DisturbedStretch& stretch) {
    std::optional<Duration> last;
    Duration longest{0};
    for (const WatchedAccess& access : by_done) {
        if (access.end != AccessEnd::good) {
            continue;
        }
        const Duration done = std::min(access.done, stretch.until);
        if (done > stretch.at) {
            longest = std::max(longest, done - last.value_or(stretch.at));
        }
        if (access.done >= stretch.until) {
            return longest;
        }
        last = access.done;
    }
    return std::max(longest, stretch.until - std::max(last.value_or(stretch.at), stretch.at));
}

} // namespace

results::DisturbanceRecord disturbance_cost(std::vector<WatchedAccess> accesses,
                                            const DisturbedStretch& stretch) {
    std::sort(accesses.begin(), accesses.end(), [](const auto& left, const auto& right) {
        return left.done < right.done;
    });
    results::DisturbanceRecord out;
    out.at_ns = stretch.at.count();
    out.stall_ns = longest_gap(accesses, stretch).count();
    if (const auto recovered = recovery(accesses, stretch)) {
        out.recovered_after_ns = recovered->count();
    }
    for (const WatchedAccess& access : accesses) {
        if (access.end != AccessEnd::good && access.done >= stretch.at &&
            access.done < stretch.until && !out.first_error_after_ns) {
            out.first_error_after_ns = (access.done - stretch.at).count();
        }
        // From due instants: an access due just before and swallowed counts as well.
        const bool concerned = access.done >= stretch.at && access.due < stretch.until;
        if (concerned && access.end == AccessEnd::lost) {
            ++out.lost;
        } else if (concerned && access.done - access.due > stretch.late_after) {
            ++out.late;
        }
    }
    return out;
}

} // namespace bench::campaign
