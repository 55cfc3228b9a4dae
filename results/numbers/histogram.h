// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace results {

// Counts of durations in nanoseconds, log-linear with 3 significant digits (relative error at most
// 1/2048) over 1 ns .. 1 h; what is longer is counted as overflow, never dropped. Merging is exact:
// bins add. Recording never allocates.
class Histogram {
public:
    Histogram();

    void record(std::uint64_t value_ns, std::uint64_t times = 1) noexcept;
    void merge(const Histogram& other) noexcept;
    void clear() noexcept;

    std::uint64_t count() const noexcept { return count_; }       // Overflow included.
    std::uint64_t overflow() const noexcept { return overflow_; } // Longer than an hour.
    std::uint64_t min_ns() const noexcept;                        // 0 when empty.
    std::uint64_t max_ns() const noexcept;                        // Exact, overflow included.
    double mean_ns() const noexcept;
    long double sum_ns() const noexcept { return sum_ns_; }

    // The smallest recorded bin's upper edge at or below which the share `quantile` (0 .. 1) of
    // values lies; exact min and max at the ends. 0 when empty.
    std::uint64_t quantile_ns(double quantile) const noexcept;

    // How many samples lie above the value at `quantile`: with fewer than 10 the percentile is not
    // measured.
    std::uint64_t samples_above(double quantile) const noexcept;

    // Non-empty bins as (lower edge in ns, count), ascending; add() puts one back. Files carry
    // these.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bins() const;
    static std::uint64_t bin_upper_edge_ns(std::uint64_t lower_edge_ns) noexcept;

    // Rebuilds from a file's bins and its exact ends. False: an edge that is no bin's.
    [[nodiscard]] static bool
    from_bins(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& bins,
              std::uint64_t overflow,
              std::uint64_t min_ns,
              std::uint64_t max_ns,
              long double sum_ns,
              Histogram& out);

    bool operator==(const Histogram& other) const noexcept;

private:
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t overflow_ = 0;
    std::uint64_t min_ns_ = ~0ULL;
    std::uint64_t max_ns_ = 0;
    long double sum_ns_ = 0;
};

} // namespace results
