// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/round_order.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace bench;

namespace {

plan::Plan plan_of(std::size_t arrays, std::uint32_t rounds, std::uint64_t seed) {
    plan::Plan out;
    out.arrays.resize(arrays);
    out.workloads.resize(2);
    out.points.resize(3);
    out.rounds = rounds;
    out.seed = seed;
    return out;
}

using Place = std::tuple<std::size_t, std::size_t, std::size_t>;

} // namespace

TEST_CASE("every array meets every workload and point equally often", "[campaign]") {
    const auto order = campaign::order_rounds(plan_of(3, 10, 1));
    CHECK(order.size() == 3 * 2 * 3 * 10);
    std::map<Place, int> counts;
    for (std::size_t i = 0; i < order.size(); ++i) {
        CHECK(order[i].index == i);
        ++counts[{order[i].array, order[i].workload, order[i].point}];
    }
    CHECK(counts.size() == 18);
    for (const auto& [place, count] : counts) {
        CHECK(count == 10);
    }
}

TEST_CASE("a block holds each array once, in a row, with the same accesses", "[campaign]") {
    const auto order = campaign::order_rounds(plan_of(2, 8, 5));
    std::set<std::uint64_t> seeds;
    for (std::size_t i = 0; i < order.size(); i += 2) {
        const auto& first = order[i];
        const auto& second = order[i + 1];
        CHECK(first.block == second.block);
        CHECK(first.seed == second.seed);
        CHECK(first.workload == second.workload);
        CHECK(first.point == second.point);
        CHECK(first.array != second.array);
        seeds.insert(first.seed);
    }
    CHECK(seeds.size() == order.size() / 2);
}

TEST_CASE("the order is the seed's and nothing else's", "[campaign]") {
    const auto first = campaign::order_rounds(plan_of(2, 10, 9));
    CHECK(first == campaign::order_rounds(plan_of(2, 10, 9)));
    CHECK(first != campaign::order_rounds(plan_of(2, 10, 10)));
}

TEST_CASE("over many seeds no array is favoured by coming first", "[campaign]") {
    int baseline_first = 0;
    int blocks = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto order = campaign::order_rounds(plan_of(2, 10, seed));
        for (std::size_t i = 0; i < order.size(); i += 2) {
            baseline_first += order[i].array == 0 ? 1 : 0;
            ++blocks;
        }
    }
    CHECK(blocks == 6000);
    CHECK(baseline_first > 3000 - 200); // 39 is the standard deviation.
    CHECK(baseline_first < 3000 + 200);
}

TEST_CASE("ABBA turns round at every visit of a point", "[campaign]") {
    plan::Plan plan = plan_of(2, 10, 3);
    plan.order = plan::Order::abba;
    const auto order = campaign::order_rounds(plan);
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> last;
    for (std::size_t i = 0; i < order.size(); i += 2) {
        const std::pair place{order[i].workload, order[i].point};
        const auto before = last.find(place);
        if (before != last.end()) {
            CHECK(before->second != order[i].array);
        }
        last[place] = order[i].array;
    }
    CHECK(last.size() == 6);
}

TEST_CASE("a slow drift falls on both arrays alike", "[campaign]") {
    // An array that slows down by a thousandth per round shows no ratio over paired rounds.
    const auto order = campaign::order_rounds(plan_of(2, 20, 21));
    double sum = 0;
    for (std::size_t i = 0; i < order.size(); i += 2) {
        const double first = 1 + (0.001 * static_cast<double>(i));
        const double second = 1 + (0.001 * static_cast<double>(i + 1));
        sum += order[i].array == 0 ? std::log(second / first) : std::log(first / second);
    }
    CHECK(std::abs(sum / (static_cast<double>(order.size()) / 2)) < 0.001);
}
