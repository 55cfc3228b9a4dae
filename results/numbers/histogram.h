// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace results {

// Counts of durations in nanoseconds, log-linear with 3 significant digits (relative error at most
// 1/2048) over 1 ns .. 1 h; what is longer is counted as overflow, never dropped. Merging is exact:
// bins and sums are whole numbers that add. Recording never allocates, except the first time into
// one that came from a file: those hold their non-empty bins only, so that a thousand rounds fit.
class Histogram {
public:
    Histogram();
    Histogram(const Histogram& other);
    Histogram(Histogram&& other) noexcept = default; // The other may then only be assigned to.
    Histogram& operator=(const Histogram& other);
    Histogram& operator=(Histogram&& other) noexcept = default;
    ~Histogram() = default;

    void record(std::uint64_t value_ns, std::uint64_t times = 1) noexcept {
        if (times == 0) {
            return;
        }
        if (value_ns <= longest_ns) {
            if (!counts_) {
                spread();
            }
            counts_[bin_of(value_ns)] += times;
        } else {
            overflow_ += times;
        }
        count_ += times;
        min_ns_ = value_ns < min_ns_ ? value_ns : min_ns_;
        max_ns_ = value_ns > max_ns_ ? value_ns : max_ns_;
        if (times == 1) {
            add_to_sum(value_ns, 0);
        } else {
            add_product_to_sum(value_ns, times);
        }
    }
    void merge(const Histogram& other) noexcept;
    void clear() noexcept;

    std::uint64_t count() const noexcept { return count_; }       // Overflow included.
    std::uint64_t overflow() const noexcept { return overflow_; } // Longer than an hour.
    std::uint64_t min_ns() const noexcept;                        // 0 when empty.
    std::uint64_t max_ns() const noexcept;                        // Exact, overflow included.
    double mean_ns() const noexcept;
    long double sum_ns() const noexcept;

    // The smallest recorded bin's upper edge at or below which the share `quantile` (0 .. 1) of
    // values lies; exact min and max at the ends. 0 when empty.
    std::uint64_t quantile_ns(double quantile) const noexcept;

    // How many samples lie above the value at `quantile`: with fewer than 10 the percentile is not
    // measured.
    std::uint64_t samples_above(double quantile) const noexcept;

    // Non-empty bins as (lower edge in ns, count), ascending. Files carry these.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bins() const;
    static std::uint64_t bin_upper_edge_ns(std::uint64_t lower_edge_ns) noexcept;

    // Rebuilds from a file's bins and its exact ends. False, and `out` untouched: an edge that is
    // no bin's, edges that do not ascend, an empty bin, or ends that the bins contradict.
    [[nodiscard]] static bool
    from_bins(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& bins,
              std::uint64_t overflow,
              std::uint64_t min_ns,
              std::uint64_t max_ns,
              long double sum_ns,
              Histogram& out);

    bool operator==(const Histogram& other) const noexcept;

private:
    struct Unmap {
        void operator()(std::uint64_t* counts) const noexcept;
    };
    // 2048 bins for each doubling above 4096 ns, one for each nanosecond below.
    static constexpr unsigned digit_bits = 12;
    static constexpr std::uint64_t longest_ns = 3'600'000'000'000;

    static constexpr std::size_t bin_of(std::uint64_t value_ns) noexcept {
        const auto width = static_cast<unsigned>(std::bit_width(value_ns | 1U));
        const unsigned shift = width > digit_bits ? width - digit_bits : 0;
        return (std::size_t{shift} << (digit_bits - 1)) + (value_ns >> shift);
    }
    static constexpr std::size_t bin_count =
        (std::size_t{30} << (digit_bits - 1)) + (longest_ns >> 30U) + 1;
    static std::uint64_t lower_edge_ns(std::size_t bin) noexcept;
    static std::uint64_t upper_edge_ns(std::size_t bin) noexcept;

    struct Place {
        std::size_t bin = bin_count; // bin_count = in the overflow.
        std::uint64_t through = 0;   // Samples in this bin and below.
    };
    Place place_of(double quantile) const noexcept;
    std::pair<std::size_t, std::size_t> used_bins() const noexcept; // First and one past the last.
    void set_ends(std::uint64_t min_ns, std::uint64_t max_ns, long double sum_ns) noexcept;
    void add_product_to_sum(std::uint64_t value_ns, std::uint64_t times) noexcept;
    void add_to_sum(std::uint64_t low, std::uint64_t high) noexcept {
        sum_low_ += low;
        sum_high_ += high + (sum_low_ < low ? 1 : 0);
    }

    void spread();
    void copy_compact(const Histogram& other);
    template <typename Each>
    bool for_each_bin(Each each) const; // Until it returns false.

    // A mapping of its own, zeroed by the system on first touch, so that an unused range costs no
    // memory: what an allocator hands out for the second time it fills with zeros, and keeps.
    std::unique_ptr<std::uint64_t[], Unmap> counts_; // NOLINT(modernize-avoid-c-arrays)
    std::vector<std::pair<std::uint32_t, std::uint64_t>>
        compact_; // Bin and count; without counts_.
    std::uint64_t count_ = 0;
    std::uint64_t overflow_ = 0;
    std::uint64_t min_ns_ = ~0ULL;
    std::uint64_t max_ns_ = 0;
    std::uint64_t sum_low_ = 0;
    std::uint64_t sum_high_ = 0;
};

} // namespace results
