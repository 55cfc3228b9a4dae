// SPDX-License-Identifier: Apache-2.0
#include "profiles/schedule.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace profiles;
using namespace std::chrono_literals;

namespace {

Arrivals arrivals_of(Pace pace, double rate_per_s) {
    Arrivals out;
    out.pace = pace;
    out.rate_per_s = rate_per_s;
    out.on = 100ms;
    out.off = 300ms;
    return out;
}

std::vector<double> dues(const Arrivals& arrivals, Shard shard, std::size_t count) {
    std::vector<double> out;
    for (Schedule schedule(arrivals, 7, shard); out.size() < count; schedule.advance()) {
        out.push_back(schedule.due_ns());
    }
    return out;
}

// Greatest distance between the gaps' distribution and the exponential one, times sqrt(n): above
// 1.63 once in a hundred schedules that are exponential.
double kolmogorov_smirnov(const std::vector<double>& instants, double mean_gap_ns) {
    std::vector<double> gaps;
    double last = 0;
    for (const double instant : instants) {
        gaps.push_back(instant - last);
        last = instant;
    }
    std::sort(gaps.begin(), gaps.end());
    const auto count = static_cast<double>(gaps.size());
    double distance = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
        const double expected = 1.0 - std::exp(-gaps[i] / mean_gap_ns);
        distance = std::max({distance,
                             std::abs(expected - static_cast<double>(i) / count),
                             std::abs(expected - static_cast<double>(i + 1) / count)});
    }
    return distance * std::sqrt(count);
}

} // namespace

TEST_CASE("Poisson gaps pass a Kolmogorov-Smirnov test at every rate", "[schedule]") {
    for (const double rate : {1e3, 3e4, 1e6}) {
        const auto instants = dues(arrivals_of(Pace::poisson, rate), {}, 50'000);
        CHECK(kolmogorov_smirnov(instants, 1e9 / rate) < 1.63);
        CHECK(kolmogorov_smirnov(instants, 1.03e9 / rate) > 1.63); // The test can tell 3 %.
    }
    CHECK(kolmogorov_smirnov(dues(arrivals_of(Pace::fixed, 1e3), {}, 1000), 1e6) > 10);
}

TEST_CASE("a fixed schedule has the asked number of accesses in any window", "[schedule]") {
    for (const double rate : {1e3, 3333.0, 123'457.0, 1e6}) {
        const auto count = scheduled_count(arrivals_of(Pace::fixed, rate), 1, 0s, 10s);
        CHECK(std::abs(static_cast<double>(count) - rate * 10) <= 1);
    }
    const auto hours = dues(arrivals_of(Pace::fixed, 3.0), {}, 300'000);
    CHECK(hours.back() == Approx(299'999 / 3.0 * 1e9).epsilon(1e-15));
}

TEST_CASE("the shards' schedules together are the one schedule", "[schedule]") {
    for (const Pace pace : {Pace::fixed, Pace::poisson, Pace::bursts}) {
        const Arrivals arrivals = arrivals_of(pace, 5000);
        std::vector<double> together;
        for (std::uint32_t i = 0; i < 3; ++i) {
            const auto part = dues(arrivals, {i, 3}, 1000);
            together.insert(together.end(), part.begin(), part.end());
        }
        std::sort(together.begin(), together.end());
        CHECK(together == dues(arrivals, {}, 3000));
    }
}

TEST_CASE("bursts are silent while off and keep the mean rate", "[schedule]") {
    const auto instants = dues(arrivals_of(Pace::bursts, 2000), {}, 40'000);
    for (const double instant : instants) {
        CHECK(std::fmod(instant, 400e6) <= 100e6);
    }
    CHECK(40'000 / (instants.back() / 1e9) == Approx(2000).epsilon(0.03));
}

TEST_CASE("a seed decides the schedule and another seed another one", "[schedule]") {
    const Arrivals arrivals = arrivals_of(Pace::poisson, 1e5);
    CHECK(scheduled_count(arrivals, 3, 1s, 2s) == scheduled_count(arrivals, 3, 1s, 2s));
    CHECK(scheduled_count(arrivals, 3, 1s, 2s) != scheduled_count(arrivals, 4, 1s, 2s));
}
