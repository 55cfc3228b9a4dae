// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/histogram.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using results::Histogram;

namespace {

constexpr std::uint64_t hour_ns = 3'600'000'000'000;

// Durations spread over all decades from 1 ns to an hour.
std::vector<std::uint64_t> spread_values(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> exponent(0.0, std::log(static_cast<double>(hour_ns)));
    std::vector<std::uint64_t> out(count);
    for (auto& value : out) {
        value = static_cast<std::uint64_t>(std::exp(exponent(random)));
    }
    return out;
}

Histogram histogram_of(const std::vector<std::uint64_t>& values) {
    Histogram out;
    for (const auto value : values) {
        out.record(value);
    }
    return out;
}

} // namespace

TEST_CASE("every quantile lies within 1/2048 above the exact one", "[histogram]") {
    for (const std::size_t count : {1U, 2U, 10U, 999U, 20'000U}) {
        auto values = spread_values(count, count);
        const Histogram histogram = histogram_of(values);
        std::sort(values.begin(), values.end());
        for (const double quantile : {0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999}) {
            const auto rank =
                static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(count) - 1e-9));
            const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
            const std::uint64_t found = histogram.quantile_ns(quantile);
            INFO("count " << count << " quantile " << quantile);
            CHECK(found >= exact);
            CHECK(found <= exact + exact / 2048);
        }
        CHECK(histogram.quantile_ns(0) == values.front());
        CHECK(histogram.quantile_ns(1) == values.back());
    }
}

TEST_CASE("durations below 4096 ns are kept exactly and every edge is in its own bin",
          "[histogram]") {
    for (std::uint64_t value = 0; value < 4096; ++value) {
        CHECK(Histogram::bin_upper_edge_ns(value) == value);
    }
    for (const auto value : spread_values(5000, 3)) {
        const Histogram histogram = histogram_of({value});
        const auto bins = histogram.bins();
        REQUIRE(bins.size() == 1);
        CHECK(bins[0].first <= value);
        CHECK(Histogram::bin_upper_edge_ns(bins[0].first) >= value);
        CHECK(histogram_of({bins[0].first}).bins() == bins);
    }
}

TEST_CASE("merging is exact, commutative and associative", "[histogram]") {
    auto a = histogram_of(spread_values(3000, 1));
    auto b = histogram_of(spread_values(500, 2));
    b.record(hour_ns + 1);
    b.record(std::numeric_limits<std::uint64_t>::max(), 7);
    const auto c = histogram_of({});
    auto all = spread_values(3000, 1);
    const auto rest = spread_values(500, 2);
    all.insert(all.end(), rest.begin(), rest.end());
    auto whole = histogram_of(all);
    whole.record(hour_ns + 1);
    whole.record(std::numeric_limits<std::uint64_t>::max(), 7);

    Histogram left = a;
    left.merge(b);
    left.merge(c);
    Histogram right = b;
    right.merge(c);
    right.merge(a);
    CHECK(left == right);
    CHECK(left == whole);
    CHECK_FALSE(left == a);
}

TEST_CASE("what is longer than an hour is counted as overflow, never dropped", "[histogram]") {
    Histogram histogram;
    histogram.record(hour_ns);
    CHECK(histogram.overflow() == 0);
    histogram.record(hour_ns + 5, 2);
    CHECK(histogram.count() == 3);
    CHECK(histogram.overflow() == 2);
    CHECK(histogram.max_ns() == hour_ns + 5);
    CHECK(histogram.quantile_ns(0.9) == hour_ns + 5);
    CHECK(histogram.sum_ns() == 3.0L * hour_ns + 10);
}

TEST_CASE("samples above a quantile are those in higher bins", "[histogram]") {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 1000; ++value) {
        histogram.record(value);
    }
    CHECK(histogram.quantile_ns(0.9) == 900);
    CHECK(histogram.samples_above(0.9) == 100);
    CHECK(histogram.samples_above(0.999) == 1);
    CHECK(histogram.samples_above(0.9999) == 0);
    CHECK(histogram.samples_above(1) == 0);
    CHECK(Histogram().samples_above(0.5) == 0);
}

TEST_CASE("an empty histogram answers zero and a cleared one is empty", "[histogram]") {
    auto histogram = histogram_of(spread_values(100, 9));
    histogram.clear();
    CHECK(histogram == Histogram());
    CHECK(histogram.quantile_ns(0.5) == 0);
    CHECK(histogram.min_ns() == 0);
    CHECK(histogram.mean_ns() == 0);
    CHECK(histogram.bins().empty());
}

TEST_CASE("bins read back to the same histogram", "[histogram]") {
    auto histogram = histogram_of(spread_values(4000, 4));
    histogram.record(hour_ns * 2, 3);
    Histogram read;
    REQUIRE(Histogram::from_bins(histogram.bins(),
                                 histogram.overflow(),
                                 histogram.min_ns(),
                                 histogram.max_ns(),
                                 histogram.sum_ns(),
                                 read));
    CHECK(read == histogram);
    REQUIRE(Histogram::from_bins({}, 0, 0, 0, 0, read));
    CHECK(read == Histogram());
}

TEST_CASE("bins that no histogram could have written are refused", "[histogram]") {
    Histogram out = histogram_of({42});
    const auto refused = [&](std::vector<std::pair<std::uint64_t, std::uint64_t>> bins,
                             std::uint64_t overflow,
                             std::uint64_t min_ns,
                             std::uint64_t max_ns) {
        return !Histogram::from_bins(bins, overflow, min_ns, max_ns, 100, out);
    };
    CHECK_FALSE(refused({{42, 1}}, 0, 42, 42));
    const Histogram kept = out;
    CHECK(refused({{8193, 1}}, 0, 8193, 8193));        // In the middle of a bin.
    CHECK(refused({{50, 1}, {40, 1}}, 0, 40, 50));     // Not ascending.
    CHECK(refused({{42, 0}}, 0, 42, 42));              // Empty.
    CHECK(refused({{42, 1}}, 0, 41, 42));              // Minimum in another bin.
    CHECK(refused({{42, 1}}, 0, 42, 43));              // Maximum in another bin.
    CHECK(refused({{42, 1}}, 1, 42, 43));              // Overflow without its maximum.
    CHECK(refused({{hour_ns * 2, 1}}, 0, 42, 43));     // Beyond the last bin.
    CHECK(refused({{41, ~0ULL}, {42, 2}}, 0, 41, 42)); // Counts beyond 64 bits.
    CHECK(out == kept);
}

TEST_CASE("sums beyond 64 bits stay exact", "[histogram]") {
    Histogram histogram;
    histogram.record(1ULL << 41U, 1ULL << 40U); // 2^81
    CHECK(histogram.sum_ns() == std::ldexp(1.0L, 81));
    CHECK(histogram.mean_ns() == Approx(std::ldexp(1.0, 41)));
}
