// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/stimulus.h"
#include "bench/egress/stimulus_file.h"
#include "profiles/file_error.h"
#include "profiles/random.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace bench::egress;

namespace {

// Poisson-like noise of `packets_per_slot` packets of 100 B, and `leak_bytes` more in each slot
// that had the stimulus, `lag` slots later.
SlotSums noisy(const std::vector<bool>& on_first,
               double packets_per_slot,
               double leak_bytes,
               std::size_t lag,
               std::uint64_t seed) {
    profiles::Random random(seed);
    SlotSums out;
    const std::size_t slots = 2 * on_first.size() + 4;
    out.bytes.resize(slots);
    out.packets.resize(slots);
    out.connections.resize(slots);
    for (std::size_t slot = 0; slot < slots; ++slot) {
        for (double at = -std::log(1 - random.fraction()); at < packets_per_slot;
             at -= std::log(1 - random.fraction())) {
            out.packets[slot] += 1;
            out.bytes[slot] += 100;
        }
    }
    for (std::size_t pair = 0; pair < on_first.size(); ++pair) {
        out.bytes[2 * pair + (on_first[pair] ? 0 : 1) + lag] += leak_bytes;
    }
    return out;
}

std::vector<bool> coins(std::size_t pairs, std::uint64_t seed) {
    profiles::Random random(seed);
    std::vector<bool> out(pairs);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        out[pair] = random.chance(0.5);
    }
    return out;
}

} // namespace

TEST_CASE("under a sham design p is uniform: few are small", "[stimulus]") {
    std::vector<double> p_values;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const auto design = coins(40, seed);
        p_values.push_back(
            test_pairs(noisy(design, 20, 0, 0, 1000 + seed), design, {.redraws = 999, .seed = seed})
                .p);
    }
    const auto below = [&](double limit) {
        return std::count_if(
            p_values.begin(), p_values.end(), [limit](double p) { return p <= limit; });
    };
    CHECK(below(0.05) <= 27); // 15 expected; more than 27 once in a thousand
    CHECK(below(0.5) >= 115);
    CHECK(below(0.5) <= 185);
}

TEST_CASE("a leak of the size that is said to be found is found nine times in ten", "[stimulus]") {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const auto design = coins(60, seed);
        const double smallest =
            test_pairs(noisy(design, 20, 0, 0, 500 + seed), design, {.redraws = 1})
                .smallest_bytes_per_s;
        const StimulusAnswer answer = test_pairs(noisy(design, 20, smallest, 0, 500 + seed),
                                                 design,
                                                 {.redraws = 4999, .lags = 1, .seed = seed});
        found += answer.p <= 0.003 ? 1 : 0; // Three measures pay for the look.
    }
    CHECK(found >= 46);
}

TEST_CASE("an answer that comes later is found at its lag, and on a silent flow at any size",
          "[stimulus]") {
    const auto design = coins(20, 5);
    const StimulusAnswer late = test_pairs(noisy(design, 0.01, 40, 2, 9), design, {});
    CHECK(late.p < 0.001);
    CHECK(late.lag == 2);
    CHECK(late.measure == "bytes");
    const StimulusAnswer none = test_pairs(SlotSums{}, design, {});
    CHECK(none.p == 1);
}

TEST_CASE("answers to instants stand out of circular shifts only where they are", "[stimulus]") {
    SlotSums sums = noisy(std::vector<bool>(500, false), 10, 0, 0, 3);
    const std::vector<std::size_t> slots{100, 300, 500, 700};
    CHECK(test_instants(sums, slots, {}).p > 0.05);
    for (const std::size_t slot : slots) {
        sums.bytes[slot + 1] += 3000;
    }
    const StimulusAnswer answer = test_instants(sums, slots, {});
    CHECK(answer.p < 0.005);
    CHECK(answer.lag == 1);
}

TEST_CASE("a journal is read strictly", "[stimulus]") {
    const Journal journal = parse_journal(
        R"({"$schema":"arraybench/stimuli/1","phases":[{"name":"load","from":"2026-01-31T23:59:59.5Z"}],)"
        R"("stimuli":[{"arm":"A","slot":"10s","from":"2026-01-31T23:59:59Z","pairs":"0110"},)"
        R"({"arm":"failover","slot":"1s","from":"2026-01-31T23:59:59Z","instants":["2026-02-01T00:00:09Z"]}]})",
        "j.json");
    REQUIRE(journal.phases.size() == 1);
    CHECK(journal.phases[0].from_ns % 1'000'000'000 == 500'000'000);
    REQUIRE(journal.stimuli.size() == 2);
    CHECK(journal.stimuli[0].on_first == std::vector<bool>{false, true, true, false});
    CHECK(journal.stimuli[1].instants_ns[0] - journal.stimuli[1].from_ns == 10'000'000'000);
    const auto wrong = [](const char* stimulus) {
        return parse_journal(
            std::string(R"({"$schema":"arraybench/stimuli/1","stimuli":[)") + stimulus + "]}", "j");
    };
    CHECK_THROWS_AS(wrong(R"({"arm":"A","slot":"10s","from":"now","pairs":"01"})"),
                    profiles::FileError);
    CHECK_THROWS_AS(wrong(R"({"arm":"A","slot":"10s","from":"2026-01-31T23:59:59Z"})"),
                    profiles::FileError);
    CHECK_THROWS_AS(
        wrong(R"({"arm":"A","slot":"10s","from":"2026-01-31T23:59:59Z","pairs":"012"})"),
        profiles::FileError);
}
