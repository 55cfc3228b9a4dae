// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/beacon.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

namespace bench::egress {

namespace {

constexpr std::size_t bins = 24;
constexpr std::size_t bins_for_duration_min = 6;
constexpr std::size_t bins_for_modes_min = 11;
constexpr double bimodal_bin_share = 0.05;
constexpr int ideal_run_bins = 12;

struct Quartiles {
    double first = 0;
    double median = 0;
    double third = 0;
};

// Linear interpolation between ordered values.
double quantile(const std::vector<double>& ordered, double share) {
    const double at = share * static_cast<double>(ordered.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, ordered.size() - 1);
    return ordered[below] + (at - static_cast<double>(below)) * (ordered[above] - ordered[below]);
}

Quartiles quartiles(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)};
}

// ((1 - |Bowley skewness|) + spread score) / 2
double shape_score(const std::vector<double>& values) {
    if (values.size() < 2) {
        return 0;
    }
    const Quartiles q = quartiles(values);
    const double spread = q.third - q.first;
    const bool flat = spread < 10 || q.median == q.first || q.median == q.third;
    const double skew = flat ? 0 : (q.first + q.third - 2 * q.median) / spread;
    std::vector<double> deviations;
    std::transform(values.begin(), values.end(), std::back_inserter(deviations), [&](double value) {
        return std::abs(value - q.median);
    });
    const double deviation = quartiles(deviations).median;
    const double spread_score =
        q.median <= 0 ? 0 : std::max(0.0, (q.median - deviation) / q.median);
    return ((1 - std::abs(skew)) + spread_score) / 2;
}

std::array<double, bins>
histogram(std::span<const std::int64_t> starts, std::int64_t from, std::int64_t to) {
    std::array<double, bins> out{};
    const double width = std::max(1.0, static_cast<double>(to - from)) / bins;
    for (const std::int64_t start : starts) {
        const double at = static_cast<double>(start - from) / width;
        out[std::min(static_cast<std::size_t>(std::max(at, 0.0)), bins - 1)] += 1;
    }
    return out;
}

double duration_score(const std::array<double, bins>& counts, double coverage) {
    const auto filled = static_cast<std::size_t>(
        std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0; }));
    if (filled < bins_for_duration_min) {
        return 0;
    }
    int longest = 0;
    int run = 0;
    for (std::size_t i = 0; i < 2 * bins; ++i) { // A run may go round midnight.
        run = counts[i % bins] > 0 ? run + 1 : 0;
        longest = std::max(longest, std::min(run, static_cast<int>(bins)));
    }
    return std::min(1.0, std::max(coverage, static_cast<double>(longest) / ideal_run_bins));
}

double histogram_score(const std::array<double, bins>& counts) {
    const double mean = std::accumulate(counts.begin(), counts.end(), 0.0) / bins;
    double squares = 0;
    for (const double count : counts) {
        squares += (count - mean) * (count - mean);
    }
    const double flat = mean <= 0 ? 0 : std::max(0.0, 1 - std::sqrt(squares / bins) / mean);
    const auto filled = static_cast<std::size_t>(
        std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0; }));
    if (filled < bins_for_modes_min) {
        return flat;
    }
    // How much of the histogram the two commonest heights explain.
    const double largest = *std::max_element(counts.begin(), counts.end());
    const double step = std::max(1.0, std::ceil(largest * bimodal_bin_share));
    std::map<double, std::size_t> heights;
    for (const double count : counts) {
        if (count > 0) {
            ++heights[std::floor(count / step)];
        }
    }
    std::vector<std::size_t> sizes;
    sizes.reserve(heights.size());
    for (const auto& [height, size] : heights) {
        sizes.push_back(size);
    }
    std::sort(sizes.rbegin(), sizes.rend());
    const std::size_t explained = sizes[0] + (sizes.size() > 1 ? sizes[1] : 0);
    return std::max(flat,
                    static_cast<double>(explained) /
                        static_cast<double>(std::max(filled, bins_for_modes_min)));
}

} // namespace

double rita_score(std::span<const std::int64_t> starts_ns,
                  std::span<const std::uint64_t> bytes,
                  std::int64_t window_from_ns,
                  std::int64_t window_to_ns) {
    std::vector<std::int64_t> starts;
    std::transform(starts_ns.begin(),
                   starts_ns.end(),
                   std::back_inserter(starts),
                   [](std::int64_t start) { return start / 1'000'000'000; });
    std::sort(starts.begin(), starts.end());
    std::vector<std::int64_t> distinct = starts;
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    if (distinct.size() < 4) {
        return 0;
    }
    std::vector<double> gaps;
    for (std::size_t i = 1; i < distinct.size(); ++i) {
        gaps.push_back(static_cast<double>(distinct[i] - distinct[i - 1]));
    }
    const std::vector<double> sizes(bytes.begin(), bytes.end());
    const std::int64_t from = window_from_ns / 1'000'000'000;
    const std::int64_t to = std::max(window_to_ns / 1'000'000'000, from + 1);
    const auto counts = histogram(starts, from, to);
    const double coverage =
        static_cast<double>(distinct.back() - distinct.front()) / static_cast<double>(to - from);
    return 0.25 * (shape_score(gaps) + shape_score(sizes) + duration_score(counts, coverage) +
                   histogram_score(counts));
}

} // namespace bench::egress
