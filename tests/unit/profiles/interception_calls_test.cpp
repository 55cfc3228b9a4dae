// SPDX-License-Identifier: Apache-2.0
// Calls as queueing theory has them: Poisson arrivals, lognormal holding times, M/G/infinity.

#include "profiles/interception/plant.h"
#include "profiles/interception/rates.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace profiles::interception;
using namespace std::chrono_literals;

namespace {

struct Deaf final : PlantHearer {
    void product(const Product&, Duration) noexcept override {}
    void closed(std::uint32_t, Duration) noexcept override {}
    void ticked(Duration) noexcept override {}
};

Parameters calls_only() {
    Parameters out;
    out.data.keep = 0;
    return out;
}

std::vector<double> calls_at_once(const Parameters& parameters, std::uint64_t seed) {
    Plant plant(parameters, seed, 0, 1);
    Deaf nobody;
    std::vector<double> out;
    for (int second = 1; second <= 3600; ++second) {
        plant.step(std::chrono::seconds(second), nobody);
        out.push_back(static_cast<double>(plant.calls()));
    }
    return out;
}

double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The largest distance from a distribution, times the root of the number of values.
template <typename Distribution>
double kolmogorov(std::vector<double> values, const Distribution& distribution) {
    std::sort(values.begin(), values.end());
    const auto count = static_cast<double>(values.size());
    double most = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double expected = distribution(values[i]);
        most = std::max({most,
                         std::abs(expected - static_cast<double>(i) / count),
                         std::abs(expected - static_cast<double>(i + 1) / count)});
    }
    return most * std::sqrt(count);
}

constexpr double critical_1_percent = 1.63;

double lognormal(double hold, double median, double sigma) {
    return 0.5 * std::erfc(-std::log(hold / median) / sigma / std::sqrt(2.0));
}

} // namespace

TEST_CASE("187 calls stand at once in the mean, over as many hours as the error asks for",
          "[interception]") {
    std::vector<double> hours;
    double error = 1;
    for (std::uint64_t seed = 1; hours.size() < 4 || error > 0.05 / 2.6; ++seed) {
        REQUIRE(seed < 100);
        hours.push_back(mean_of(calls_at_once(calls_only(), seed)));
        double squares = 0;
        for (const double hour : hours) {
            squares += (hour - mean_of(hours)) * (hour - mean_of(hours));
        }
        const auto count = static_cast<double>(hours.size());
        error = std::sqrt(squares / std::max(1.0, count * (count - 1))) / mean_of(hours);
    }
    INFO(hours.size() << " hours, standard error " << error);
    CHECK(mean_of(hours) == Approx(187).epsilon(0.05));
}

// One moment depends on the one before for as long as a call lasts: an hour holds no ten moments
// that are their own. M/G/infinity knows no unit of time, so calls that last a twentieth and come
// twenty times as often stand at once alike, and an hour holds two hundred.
TEST_CASE("one moment in a thousand sees 230 calls at once", "[interception]") {
    constexpr double faster = 20;
    Parameters parameters = calls_only();
    parameters.voice.calls_per_day *= faster;
    parameters.voice.hold_median_s /= faster;
    std::vector<double> moments;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const auto hour = calls_at_once(parameters, seed);
        moments.insert(moments.end(), hour.begin(), hour.end());
    }
    std::sort(moments.begin(), moments.end());
    const double mean = mean_of(moments);
    CHECK(mean == Approx(187).epsilon(0.02));
    CHECK(moments[moments.size() * 999 / 1000] == Approx(230).epsilon(0.05));
    double squares = 0;
    for (const double moment : moments) {
        squares += (moment - mean) * (moment - mean);
    }
    // Poisson: as much variance as mean.
    CHECK(squares / static_cast<double>(moments.size()) / mean == Approx(1).epsilon(0.15));
}

TEST_CASE("gaps between calls are exponential and holding times lognormal", "[interception]") {
    std::vector<double> gaps;
    std::vector<double> holds;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        Plant plant(calls_only(), seed, 0, 1);
        double last = 0;
        plant.on_call = [&](Duration start, double hold) {
            const double at = std::chrono::duration<double>(start).count();
            gaps.push_back(at - last);
            last = at;
            holds.push_back(hold);
        };
        Deaf nobody;
        plant.step(3600s, nobody);
    }
    REQUIRE(gaps.size() > 10'000);
    const double rate = 5000 * 12 * 0.1 / 3600;
    const auto exponential = [](double per_s) {
        return [per_s](double gap) {
            return 1 - std::exp(-per_s * gap);
        };
    };
    const auto lasting = [](double median, double sigma) {
        return [=](double hold) {
            return lognormal(hold, median, sigma);
        };
    };
    CHECK(kolmogorov(gaps, exponential(rate)) < critical_1_percent);
    CHECK(kolmogorov(holds, lasting(60, 1.12)) < critical_1_percent);
    // The test itself: it tells what is five percent off.
    CHECK(kolmogorov(gaps, exponential(rate * 1.05)) > critical_1_percent);
    CHECK(kolmogorov(holds, lasting(63, 1.12)) > critical_1_percent);
    CHECK(kolmogorov(holds, lasting(60, 1.2)) > critical_1_percent);
}
