// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/beacon.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <random>

using namespace bench::egress;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t hour_ns = 3600 * second_ns;
constexpr std::int64_t gap_ns = second_ns / 5;

std::vector<std::int64_t>
beacon(std::int64_t period_ns, double jitter, std::int64_t window_ns, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> around(-jitter, jitter);
    std::vector<std::int64_t> out;
    for (std::int64_t at = period_ns; at < window_ns; at += period_ns) {
        out.push_back(at +
                      static_cast<std::int64_t>(around(random) * static_cast<double>(period_ns)));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::int64_t> poisson(double rate_per_s, std::int64_t window_ns, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::exponential_distribution<double> gap(rate_per_s);
    std::vector<std::int64_t> out;
    for (double at = gap(random); at * 1e9 < static_cast<double>(window_ns); at += gap(random)) {
        out.push_back(static_cast<std::int64_t>(at * 1e9));
    }
    return out;
}

bool condemned(const BeaconResult& result) {
    return result.enough && result.p <= 0.01 && result.second_window_agrees();
}

} // namespace

TEST_CASE(
    "a beacon is found with its period, jittered or not, and also when some calls are missing",
    "[egress]") {
    for (const double jitter : {0.0, 0.05, 0.2}) {
        const BeaconResult result =
            test_beacon(beacon(60 * second_ns, jitter, 2 * hour_ns, 7), gap_ns, 2 * hour_ns);
        INFO("jitter " << jitter << ", p " << result.p << ", halves " << result.p_first_half << " "
                       << result.p_second_half);
        CHECK(condemned(result));
        CHECK(result.period_ns == Approx(60e9).epsilon(0.05));
    }
    auto holey = beacon(60 * second_ns, 0.02, 3 * hour_ns, 8);
    std::mt19937_64 random(9);
    std::erase_if(holey, [&](std::int64_t) { return random() % 4 == 0; });
    const BeaconResult result = test_beacon(holey, gap_ns, 3 * hour_ns);
    CHECK(condemned(result));
    CHECK(result.period_ns == Approx(60e9).epsilon(0.05));
}

TEST_CASE("Poisson calls are condemned no oftener than the stated rate", "[egress]") {
    int wrong = 0;
    constexpr int trials = 200;
    for (int seed = 0; seed < trials; ++seed) {
        wrong +=
            condemned(test_beacon(poisson(1.0 / 60, 4 * hour_ns, static_cast<std::uint64_t>(seed)),
                                  gap_ns,
                                  4 * hour_ns))
                ? 1
                : 0;
    }
    CHECK(wrong <= 6); // Expected at most 2 at 1 %; both halves must agree besides.
}

TEST_CASE("the silence that tells bursts apart makes no beacon of Poisson calls", "[egress]") {
    int wrong = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const auto calls =
            poisson(1.0 / 20, 24 * hour_ns, seed + 300); // Thousands: no chance to hide
        wrong += condemned(test_beacon(calls, 5 * second_ns, 24 * hour_ns)) ? 1 : 0;
    }
    CHECK(wrong <= 3);
}

TEST_CASE("lawful aperiodic bursts, and a rate that follows the hours, are no beacons",
          "[egress]") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        std::mt19937_64 random(seed);
        std::vector<std::int64_t> bursts;
        for (std::int64_t start : poisson(1.0 / 3600, 24 * hour_ns, seed + 100)) {
            for (int i = 0; i < 5; ++i) {
                bursts.push_back(start + static_cast<std::int64_t>(
                                             random() % static_cast<std::uint64_t>(second_ns)));
            }
        }
        std::sort(bursts.begin(), bursts.end());
        CHECK_FALSE(condemned(test_beacon(bursts, 5 * second_ns, 24 * hour_ns)));
        std::vector<std::int64_t> daily;
        for (std::int64_t at : poisson(1.0 / 30, 24 * hour_ns, seed + 200)) {
            const double share = 0.5 - 0.5 * std::cos(2 * 3.14159265 * static_cast<double>(at) /
                                                      (24.0 * static_cast<double>(hour_ns)));
            if (static_cast<double>(random() % 1000) < 1000 * share) {
                daily.push_back(at);
            }
        }
        const BeaconResult result = test_beacon(daily, gap_ns, 24 * hour_ns);
        INFO("p " << result.p << " period " << result.period_ns / 1e9);
        CHECK_FALSE(condemned(result));
    }
}

TEST_CASE("fewer than eight events a half are not enough, and are never significant", "[egress]") {
    const BeaconResult result =
        test_beacon(beacon(600 * second_ns, 0, 2 * hour_ns, 1), gap_ns, 2 * hour_ns);
    CHECK_FALSE(result.enough);
    CHECK(result.p == 1);
}

TEST_CASE("the ranking score puts a steady beacon near one and needs four starts", "[egress]") {
    const auto starts = beacon(600 * second_ns, 0, 24 * hour_ns, 1);
    const std::vector<std::uint64_t> bytes(starts.size(), 500);
    CHECK(rita_score(starts, bytes, 0, 24 * hour_ns) > 0.9);
    CHECK(rita_score(std::span(starts).first(3), std::span(bytes).first(3), 0, 24 * hour_ns) == 0);
}
