// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/spare_rounds.h"

#include <catch2/catch.hpp>

#include <set>

using namespace bench;

namespace {

plan::Plan plan_of(std::size_t arrays) {
    plan::Plan out;
    for (std::size_t i = 0; i < arrays; ++i) {
        out.arrays.push_back({});
        out.arrays.back().name = "a" + std::to_string(i);
    }
    out.workloads.resize(1);
    out.workloads[0].name = "mix";
    out.points = {{plan::PointKind::rate, 100, "100/s"}};
    out.rounds = 3;
    out.spare_rounds = 2;
    return out;
}

// All rounds of a plan, but for those named as { block, array }, which do not count.
std::vector<results::RoundRecord>
rounds_of(const plan::Plan& plan, const std::set<std::pair<std::uint32_t, std::size_t>>& spoiled) {
    std::vector<results::RoundRecord> out;
    for (const campaign::PlannedRound& planned : campaign::order_rounds(plan)) {
        results::RoundRecord round;
        round.index = planned.index;
        round.block = planned.block;
        round.array = plan.arrays[planned.array].name;
        round.workload = "mix";
        round.point = "100/s";
        round.ended = "complete";
        if (spoiled.count({planned.block, planned.array}) != 0) {
            round.audit.invalid = {"late"};
        }
        out.push_back(round);
    }
    return out;
}

std::set<std::size_t> wanted(const plan::Plan& plan,
                             const std::vector<results::RoundRecord>& rounds,
                             std::uint32_t block) {
    std::set<std::size_t> out;
    for (const campaign::PlannedRound& spare : campaign::order_spare_rounds(plan)) {
        if (spare.block == block && campaign::is_wanted(plan, spare, rounds)) {
            out.insert(spare.array);
        }
    }
    return out;
}

} // namespace

TEST_CASE("spare rounds are numbered after all others, each array once in a block", "[campaign]") {
    const plan::Plan plan = plan_of(2);
    const auto spares = campaign::order_spare_rounds(plan);
    REQUIRE(spares.size() == 4);
    for (std::size_t i = 0; i < spares.size(); ++i) {
        CHECK(spares[i].index == 6 + i);
        CHECK(spares[i].block == 3 + i / 2);
    }
    CHECK(spares[0].array != spares[1].array);
    CHECK(spares[0].seed == spares[1].seed);
    CHECK(spares[0].seed != spares[2].seed);
    CHECK(campaign::order_spare_rounds(plan) == spares);
}

TEST_CASE("a run whose rounds all count wants no spare ones", "[campaign]") {
    const plan::Plan plan = plan_of(3);
    CHECK(wanted(plan, rounds_of(plan, {}), 3).empty());
}

TEST_CASE("a spoiled round is wanted again with the baseline only", "[campaign]") {
    const plan::Plan plan = plan_of(3);
    CHECK(wanted(plan, rounds_of(plan, {{1, 2}}), 3) == std::set<std::size_t>{0, 2});
    CHECK(wanted(plan, rounds_of(plan, {{1, 0}}), 3) == std::set<std::size_t>{0, 1, 2});
    CHECK(wanted(plan_of(1), rounds_of(plan_of(1), {{1, 0}}), 3) == std::set<std::size_t>{0});
}

TEST_CASE("a spare round is judged by the blocks before it alone", "[campaign]") {
    const plan::Plan plan = plan_of(2);
    auto rounds = rounds_of(plan, {{0, 1}});
    for (const std::size_t array : {0U, 1U}) {
        results::RoundRecord made_up = rounds.front();
        made_up.audit.invalid.clear();
        made_up.array = plan.arrays[array].name;
        made_up.block = 3;
        rounds.push_back(made_up);
    }
    CHECK(wanted(plan, rounds, 3).size() == 2); // As it was before it ran: so a resumed run agrees.
    CHECK(wanted(plan, rounds, 4).empty());
}
