// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/disturbance_cost.h"
#include "bench/campaign/knee.h"
#include "bench/campaign/pass_source.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

using namespace bench::campaign;
using namespace std::chrono_literals;
using profiles::AccessEnd;
using profiles::Duration;

namespace {

// A thousand accesses a second for 10 s; from 4 s on nothing is answered until `back`.
std::vector<WatchedAccess> stalled(Duration back) {
    std::vector<WatchedAccess> out;
    for (Duration due = 0ms; due < 10s; due += 1ms) {
        const Duration usual = due + 500us;
        const bool held = usual > 4s && due < back;
        out.push_back({due, held ? std::max(usual, back) : usual, AccessEnd::good});
    }
    return out;
}

const DisturbedStretch stretch{0s, 4s, 10s, 100ms};

} // namespace

TEST_CASE("a stall's length, late accesses and recovery are measured from due instants",
          "[campaign]") {
    const auto cost = disturbance_cost(stalled(6s), stretch);
    CHECK(cost.stall_ns == Approx(2e9).epsilon(0.001));
    CHECK(cost.late == Approx(1900).margin(2)); // The last 100 ms of it were in time.
    CHECK(cost.lost == 0);
    CHECK_FALSE(cost.first_error_after_ns);
    REQUIRE(cost.recovered_after_ns);
    CHECK(*cost.recovered_after_ns >= 1'800'000'000);
    CHECK(*cost.recovered_after_ns <= 2'100'000'000);
}

TEST_CASE("an undisturbed stretch costs nothing", "[campaign]") {
    const auto cost = disturbance_cost(stalled(4s), stretch);
    CHECK(cost.stall_ns < 2'000'000);
    CHECK(cost.late == 0);
    CHECK(cost.recovered_after_ns == 0);
}

TEST_CASE("an array that never comes back has not recovered", "[campaign]") {
    auto accesses = stalled(20s);
    for (auto& access : accesses) {
        if (access.done > 10s) {
            access.end = AccessEnd::lost;
            access.done = 9s;
        }
    }
    const auto cost = disturbance_cost(accesses, stretch);
    CHECK_FALSE(cost.recovered_after_ns);
    CHECK(cost.first_error_after_ns == 5'000'000'000);
    CHECK(cost.lost == Approx(6000).margin(2));
    CHECK(cost.stall_ns == Approx(6e9).epsilon(0.001));
}

TEST_CASE("a rate that comes back and falls again has not recovered yet", "[campaign]") {
    auto accesses = stalled(5s);
    for (auto& access : accesses) {
        if (access.done > 7s && access.done < 8s) {
            access.done = 8s; // A second stall.
        }
    }
    const auto cost = disturbance_cost(accesses, stretch);
    REQUIRE(cost.recovered_after_ns);
    CHECK(*cost.recovered_after_ns >= 3'700'000'000);
}

TEST_CASE("the knee is found to five percent, and known when there is none", "[campaign]") {
    bench::plan::KneeSearch search;
    search.rate_from_per_s = 100;
    search.rate_max_per_s = 100'000;
    int trials = 0;
    const auto up_to = [&](double knee) {
        return [&trials, knee](double rate) -> std::optional<KneeTrial> {
            ++trials;
            return KneeTrial{std::min(rate, knee), rate > knee ? 1e9 : 1e6};
        };
    };
    const auto found = find_knee(search, up_to(3210));
    REQUIRE(found);
    CHECK(*found <= 3210);
    CHECK(*found >= 3210 / 1.06);
    CHECK(trials < 15);
    CHECK(find_knee(search, up_to(1e9)) == 100'000);
    CHECK_FALSE(find_knee(search, up_to(50)));
    CHECK_FALSE(find_knee(search, [](double) { return std::optional<KneeTrial>(); }));
}

TEST_CASE("a pass goes over every byte once and no further", "[campaign]") {
    std::atomic<bool> finished{false};
    PassSettings settings;
    constexpr std::uint64_t sector = 512;
    constexpr std::uint64_t gap = 3 * sector;
    settings.stretches = {{0, 400 * sector}, {400 * sector + gap, 600 * sector}};
    settings.piece_bytes = 65536;
    settings.depth = 3;
    settings.passes = 2;
    settings.finished = &finished;
    PassSource source(settings);
    std::array<profiles::Access, 8> taken{};
    std::uint64_t bytes = 0;
    std::uint64_t bytes_beyond_gap = 0;
    Duration now = 0ms;
    while (!source.ended()) {
        const std::size_t count = source.take(now, taken);
        REQUIRE(count <= 3);
        CHECK_FALSE(source.next_due().has_value()); // Full, or over.
        now += 1ms;
        for (std::size_t i = 0; i < count; ++i) {
            bytes += taken[i].size_bytes;
            const std::uint64_t end = taken[i].offset_bytes + taken[i].size_bytes;
            const bool beyond = taken[i].offset_bytes >= 400 * sector + gap;
            CHECK(end <= (beyond ? 1'000 * sector + gap : 400 * sector));
            bytes_beyond_gap += beyond ? taken[i].size_bytes : 0;
            CHECK_FALSE(finished);
            source.completed({taken[i].id, AccessEnd::good, now});
        }
    }
    CHECK(finished);
    CHECK(bytes == 2'000 * sector);
    CHECK(bytes_beyond_gap == 1'200 * sector);
    CHECK(source.failed() == 0);
}
