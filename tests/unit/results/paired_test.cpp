// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/paired.h"
#include "results/numbers/resample.h"
#include "results/numbers/summary.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>

using namespace results;

namespace {

std::vector<ValuePair> constant_pairs(std::size_t count, double baseline, double candidate) {
    return std::vector<ValuePair>(count, ValuePair{baseline, candidate});
}

// Pairs that share a block effect and differ by `log_effect` and noise of `spread`.
std::vector<ValuePair>
drawn_pairs(std::mt19937_64& chance, std::size_t count, double log_effect, double spread) {
    std::normal_distribution<double> block(0, 0.5);
    std::normal_distribution<double> noise(0, spread / std::sqrt(2.0));
    std::vector<ValuePair> out;
    for (std::size_t i = 0; i < count; ++i) {
        const double common = block(chance);
        out.push_back({1e6 * std::exp(common + noise(chance)),
                       1e6 * std::exp(common + log_effect + noise(chance))});
    }
    return out;
}

Histogram exponential(std::mt19937_64& chance, double mean_ns, std::size_t count) {
    std::exponential_distribution<double> gap(1 / mean_ns);
    Histogram out;
    for (std::size_t i = 0; i < count; ++i) {
        out.record(static_cast<std::uint64_t>(gap(chance)) + 1);
    }
    return out;
}

} // namespace

TEST_CASE("a percentile with fewer than ten samples above it is not measured", "[numbers]") {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 1000; ++value) {
        histogram.record(value);
    }
    CHECK(percentile_of(histogram, 0.99).measured);
    CHECK(percentile_of(histogram, 0.99).value_ns == 990);
    CHECK(percentile_of(histogram, 0.99).samples_above == 10);
    CHECK_FALSE(percentile_of(histogram, 0.991).measured);
    CHECK_FALSE(measured_quantile_ns(histogram, 0.999).has_value());
    CHECK(summarize(histogram).percentiles.size() == reported_quantiles.size());
    CHECK(summarize(histogram).mean_ns == Approx(500.5));
}

TEST_CASE("quantiles have names that read back", "[numbers]") {
    for (const double quantile : reported_quantiles) {
        CHECK(quantile_from_name(quantile_name(quantile)).value() == Approx(quantile));
    }
    CHECK(quantile_name(0.99999) == "p99.999");
    CHECK_FALSE(quantile_from_name("p100"));
    CHECK_FALSE(quantile_from_name("p"));
    CHECK_FALSE(quantile_from_name("p99x"));
}

TEST_CASE("the ratio is the geometric mean of the pairs' ratios", "[numbers]") {
    const std::vector<ValuePair> pairs{{1, 2}, {1, 8}, {2, 2}, {3, 6}, {5, 20}, {1, 1}};
    const auto found = compare_values(pairs, {});
    REQUIRE(found);
    // (2 * 8 * 1 * 2 * 4 * 1) ^ (1/6) = 128 ^ (1/6)
    CHECK(found->ratio == Approx(std::pow(128.0, 1.0 / 6)));
    CHECK(found->low < found->low_90);
    CHECK(found->high > found->high_90);
    CHECK(found->low < found->ratio);
    CHECK(found->high > found->ratio);
    // Four pairs are above one, two have no sign: flipping those changes nothing, so of 64
    // patterns 2 x 4 are as extreme.
    CHECK(found->p_value == Approx(8.0 / 64));
}

TEST_CASE("the words follow the interval, the margin and the direction", "[numbers]") {
    PairedSettings settings;
    settings.margin = 0.1;
    CHECK(compare_values(constant_pairs(10, 1, 1.2), settings)->word == Word::worse);
    CHECK(compare_values(constant_pairs(10, 1.2, 1), settings)->word == Word::better);
    CHECK(compare_values(constant_pairs(10, 1, 1.05), settings)->word == Word::equivalent);
    CHECK(compare_values(constant_pairs(5, 1, 1.2), settings)->word == Word::inconclusive);
    settings.higher_is_better = true;
    CHECK(compare_values(constant_pairs(10, 1, 1.2), settings)->word == Word::better);
    CHECK(compare_values(constant_pairs(10, 1.2, 1), settings)->word == Word::worse);
    PairedResult wide;
    wide.pairs = 10;
    wide.low = wide.low_90 = 0.8;
    wide.high = wide.high_90 = 1.05;
    CHECK(word_for(wide, settings) == Word::inconclusive);
    CHECK_FALSE(compare_values({}, settings));
    CHECK_FALSE(compare_values(constant_pairs(6, 0, 1), settings));
}

TEST_CASE("five pairs cannot reach five percent, six can", "[numbers]") {
    CHECK(compare_values(constant_pairs(5, 1, 2), {})->p_value == Approx(2.0 / 32));
    CHECK(compare_values(constant_pairs(6, 1, 2), {})->p_value == Approx(2.0 / 64));
}

TEST_CASE("the same seed gives the same interval and another seed a near one", "[numbers]") {
    std::mt19937_64 chance(5);
    const auto pairs = drawn_pairs(chance, 10, 0, 0.1);
    PairedSettings settings;
    const auto first = compare_values(pairs, settings);
    const auto again = compare_values(pairs, settings);
    CHECK(first->low == again->low);
    CHECK(first->high == again->high);
    settings.seed = 77;
    const auto other = compare_values(pairs, settings);
    CHECK(other->low != first->low);
    CHECK(other->low == Approx(first->low).epsilon(0.01));
}

TEST_CASE("Holm's adjustment steps down and never falls", "[numbers]") {
    const std::vector<double> p_values{0.01, 0.04, 0.03, 0.005};
    const auto adjusted = holm(p_values);
    CHECK(adjusted[3] == Approx(0.02)); // 0.005 x 4
    CHECK(adjusted[0] == Approx(0.03)); // 0.01 x 3
    CHECK(adjusted[2] == Approx(0.06)); // 0.03 x 2
    CHECK(adjusted[1] == Approx(0.06)); // 0.04 x 1, lifted
    CHECK(holm(std::vector<double>{0.9, 0.8})[0] == 1.0);
    CHECK(holm({}).empty());
}

TEST_CASE("of identical arrays few are called different and intervals cover", "[numbers]") {
    std::mt19937_64 chance(11);
    PairedSettings settings;
    settings.margin = 0.02;
    settings.resamples = 1000;
    int excludes_one = 0;
    int false_words = 0;
    int small_p = 0;
    constexpr int campaigns = 400;
    for (int campaign = 0; campaign < campaigns; ++campaign) {
        settings.seed = static_cast<std::uint64_t>(campaign);
        const auto found = compare_values(drawn_pairs(chance, 10, 0, 0.1), settings);
        excludes_one += found->low > 1 || found->high < 1 ? 1 : 0;
        false_words += found->word == Word::better || found->word == Word::worse ? 1 : 0;
        small_p += found->p_value <= 0.05 ? 1 : 0;
    }
    // 95 % intervals: 20 expected, 4.4 standard deviation.
    CHECK(excludes_one < 40);
    CHECK(excludes_one > 3);
    CHECK(small_p < 38);
    CHECK(false_words <= excludes_one);
}

TEST_CASE("a difference on the margin is claimed rarely, one beyond it almost always",
          "[numbers]") {
    std::mt19937_64 chance(12);
    PairedSettings settings;
    settings.margin = 0.1;
    settings.resamples = 1000;
    int claimed_on_margin = 0;
    int claimed_beyond = 0;
    int false_equivalent = 0;
    constexpr int campaigns = 200;
    for (int campaign = 0; campaign < campaigns; ++campaign) {
        settings.seed = static_cast<std::uint64_t>(campaign);
        const auto on = compare_values(drawn_pairs(chance, 10, std::log(1.1), 0.1), settings);
        const auto far = compare_values(drawn_pairs(chance, 10, std::log(1.5), 0.1), settings);
        claimed_on_margin += on->word == Word::worse ? 1 : 0;
        false_equivalent += on->word == Word::equivalent ? 1 : 0;
        claimed_beyond += far->word == Word::worse ? 1 : 0;
    }
    CHECK(claimed_on_margin <= 14); // 2.5 % of 200 is 5, standard deviation 2.2.
    CHECK(false_equivalent <= 22);  // 5 % of 200 is 10, standard deviation 3.1.
    CHECK(claimed_beyond >= 195);
}

TEST_CASE("tails are compared by whole rounds", "[numbers]") {
    std::mt19937_64 chance(13);
    std::vector<Histogram> baselines;
    std::vector<Histogram> candidates;
    std::vector<Histogram> slower;
    for (int round = 0; round < 10; ++round) {
        baselines.push_back(exponential(chance, 1e6, 4000));
        candidates.push_back(exponential(chance, 1e6, 4000));
        slower.push_back(exponential(chance, 2e6, 4000));
    }
    std::vector<HistogramPair> same;
    std::vector<HistogramPair> different;
    for (std::size_t i = 0; i < baselines.size(); ++i) {
        same.push_back({&baselines[i], &candidates[i]});
        different.push_back({&baselines[i], &slower[i]});
    }
    PairedSettings settings;
    settings.margin = 0.15;
    settings.resamples = 2000;
    const auto equal = compare_quantiles(same, 0.99, settings);
    REQUIRE(equal);
    CHECK(equal->word == Word::equivalent);
    const auto worse = compare_quantiles(different, 0.99, settings);
    REQUIRE(worse);
    CHECK(worse->ratio == Approx(2).epsilon(0.1));
    CHECK(worse->word == Word::worse);
    CHECK(worse->p_value == Approx(2.0 / 1024));
    // 40,000 samples leave too few above p99.99.
    CHECK_FALSE(compare_quantiles(same, 0.9999, settings));
}

TEST_CASE("a weighted merge has the quantiles of the real merge", "[numbers]") {
    std::mt19937_64 chance(14);
    const Histogram first = exponential(chance, 1e5, 500);
    const Histogram second = exponential(chance, 1e7, 300);
    Histogram merged = first;
    merged.merge(second);
    merged.merge(second);
    const std::vector<const Histogram*> rounds{&first, &second};
    const WeightedRounds weighted(rounds);
    const std::vector<std::uint32_t> weights{1, 2};
    for (const double quantile : {0.1, 0.5, 0.9, 0.99}) {
        CHECK(weighted.quantile_ns(quantile, weights) ==
              Approx(static_cast<double>(merged.quantile_ns(quantile))).epsilon(1e-9));
    }
    CHECK(weighted.quantile_ns(0.5, std::vector<std::uint32_t>{0, 0}) == 0);
}

TEST_CASE("a limit's interval comes from rounds", "[numbers]") {
    const std::vector<double> values{10, 12, 11, 9, 13, 11};
    const auto found = mean_interval(values, {});
    REQUIRE(found);
    CHECK(found->mean == Approx(11));
    // Student's interval of the same values is 11 +- 2.571 * 0.577.
    CHECK(found->low == Approx(11 - 1.484).margin(0.35));
    CHECK(found->high == Approx(11 + 1.484).margin(0.35));
    CHECK_FALSE(mean_interval({}, {}));
}
