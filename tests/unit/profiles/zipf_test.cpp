// SPDX-License-Identifier: Apache-2.0
#include "profiles/alias_table.h"
#include "profiles/zipf.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

using namespace profiles;

TEST_CASE("zipf ranks come with the probabilities of their definition", "[zipf]") {
    constexpr std::size_t count = 100;
    constexpr int draws = 400'000;
    for (const double theta : {0.5, 0.9, 1.0, 1.2, 2.0}) {
        Random random(11);
        const Zipf zipf(count, theta);
        std::array<int, count> seen{};
        for (int i = 0; i < draws; ++i) {
            ++seen.at(zipf.draw(random));
        }
        double total = 0;
        for (std::size_t rank = 1; rank <= count; ++rank) {
            total += std::pow(static_cast<double>(rank), -theta);
        }
        double chi_square = 0;
        for (std::size_t rank = 1; rank <= count; ++rank) {
            const double expected = draws * std::pow(static_cast<double>(rank), -theta) / total;
            chi_square += std::pow(seen.at(rank - 1) - expected, 2) / expected;
        }
        INFO("theta " << theta);
        CHECK(chi_square < 149); // 99.9 % of 99 degrees of freedom.
    }
}

TEST_CASE("zipf works over one rank and over the ranks of a petabyte", "[zipf]") {
    Random random(5);
    CHECK(Zipf(1, 0.9).draw(random) == 0);
    const std::uint64_t many = 1ULL << 38U;
    const Zipf zipf(many, 0.9);
    std::uint64_t beyond_half = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto rank = zipf.draw(random);
        CHECK(rank < many);
        beyond_half += rank > many / 2 ? 1U : 0U;
    }
    CHECK(beyond_half > 0);
}

TEST_CASE("an alias table draws its weights", "[zipf]") {
    const std::array<double, 4> weights{0.6, 0.0, 0.3, 0.1};
    const AliasTable table(weights);
    Random random(3);
    std::array<int, 4> seen{};
    for (int i = 0; i < 100'000; ++i) {
        ++seen.at(table.pick(random));
    }
    CHECK(seen[1] == 0);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(seen.at(i) / 1e5 == Approx(weights.at(i)).margin(0.006));
    }
}
