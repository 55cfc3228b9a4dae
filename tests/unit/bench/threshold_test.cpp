// SPDX-License-Identifier: Apache-2.0
// The interval of a capacity against arrays whose threshold is known, because it was made up.
#include "bench/judge/capacity_cost.h"
#include "bench/judge/threshold.h"
#include "profiles/random.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>

using namespace bench::judge;

namespace {

constexpr double confidence = 0.95;

SearchSettings settings(double resolution, std::uint32_t rounds) {
    SearchSettings out;
    out.rungs = rungs_between(100, 2000, resolution);
    out.bisect = true;
    out.rounds = rounds;
    out.stride = static_cast<std::size_t>(std::lround(std::log(1.6) / std::log1p(resolution)));
    return out;
}

// An array that sustains a round with a chance that falls with the load.
using Array = std::function<double(double targets)>;

CapacitySearch searched(const SearchSettings& asked, const Array& array, std::uint64_t seed) {
    profiles::Random chance(profiles::mixed(seed));
    CapacitySearch out(asked);
    while (const auto targets = out.next()) {
        out.tell(*targets, chance.chance(array(*targets)) ? Vote::sustained : Vote::failed);
    }
    return out;
}

Array logistic(double edge, double width) {
    return [=](double targets) {
        return 1 / (1 + std::exp(std::log(targets / edge) / width));
    };
}
// Another shape than the one that is fitted: steep above, shallow below.
Array weibull(double edge, double power) {
    return [=](double targets) {
        return std::exp(-std::log(2.0) * std::pow(targets / edge, power));
    };
}

struct Coverage {
    double share = 0;
    double mean_width = 0; // Of the interval, in parts of the edge.
};

Coverage coverage(const SearchSettings& asked,
                  double resolution,
                  const std::function<Array(double)>& shape,
                  int runs) {
    Coverage out;
    profiles::Random chance(4711);
    for (int run = 0; run < runs; ++run) {
        const double edge = 200 * std::pow(6.0, chance.fraction()); // Between and on rungs alike.
        const auto search = searched(asked, shape(edge), static_cast<std::uint64_t>(run));
        const auto found = threshold_of(search.votes(), resolution, confidence);
        REQUIRE(found);
        out.share += found->low <= edge && edge <= found->high ? 1.0 / runs : 0;
        out.mean_width += (found->high - found->low) / edge / runs;
    }
    return out;
}

} // namespace

TEST_CASE("the interval of a capacity covers the truth as often as it promises", "[threshold]") {
    constexpr int runs = 200;
    // Two standard errors of a share of 95 % over so many runs.
    const double least = confidence - 2 * std::sqrt(confidence * (1 - confidence) / runs);
    struct Case {
        double resolution;
        std::uint32_t rounds;
        double width; // Of the array's edge.
    };
    for (const Case& one : {Case{0.02, 3, 0.001},
                            Case{0.02, 3, 0.01},
                            Case{0.02, 3, 0.03},
                            Case{0.02, 3, 0.08},
                            Case{0.02, 7, 0.03},
                            Case{0.1, 3, 0.001},
                            Case{0.1, 3, 0.08}}) {
        const auto seen = coverage(
            settings(one.resolution, one.rounds),
            one.resolution,
            [&](double edge) { return logistic(edge, one.width); },
            runs);
        INFO("resolution " << one.resolution << ", rounds " << one.rounds << ", width " << one.width
                           << ": covers " << seen.share << ", wide " << seen.mean_width);
        CHECK(seen.share >= least);
        CHECK(seen.mean_width < 3 * one.resolution + 8 * one.width); // Not by knowing nothing.
    }
    const auto other = coverage(
        settings(0.02, 3), 0.02, [](double edge) { return weibull(edge, 20); }, runs);
    INFO("another shape: covers " << other.share << ", wide " << other.mean_width);
    CHECK(other.share >= least);
}

TEST_CASE("a sharp edge is known to the plan's resolution", "[threshold]") {
    const double edge = 512.3;
    const auto search = searched(
        settings(0.02, 3), [&](double targets) { return targets <= edge ? 1.0 : 0.0; }, 1);
    const auto found = threshold_of(search.votes(), 0.02, confidence);
    REQUIRE(found);
    CHECK(found->low <= edge);
    CHECK(edge <= found->high);
    CHECK(found->high / found->low < 1.06);
    CHECK(found->value == Approx(edge).epsilon(0.02));
}

TEST_CASE("an edge needs a round on each of its sides", "[threshold]") {
    CHECK_FALSE(threshold_of({}, 0.02, confidence));
    CHECK_FALSE(threshold_of({{100, {3, 0, 0}}, {200, {3, 0, 0}}}, 0.02, confidence));
    CHECK_FALSE(threshold_of({{100, {0, 3, 0}}}, 0.02, confidence));
    CHECK_FALSE(threshold_of({{100, {0, 0, 4}}, {120, {2, 0, 0}}}, 0.02, confidence));
    CHECK(threshold_of({{100, {3, 0, 0}}, {200, {0, 3, 0}}}, 0.02, confidence));
}

TEST_CASE("unclear rounds move no edge, failed ones do", "[threshold]") {
    std::map<std::uint32_t, CapacitySearch::Votes> votes{{400, {3, 0, 0}}, {440, {0, 3, 0}}};
    const auto before = threshold_of(votes, 0.1, confidence);
    votes[360].unclear = 5;
    const auto unclear = threshold_of(votes, 0.1, confidence);
    votes[360].failed = 5;
    const auto failed = threshold_of(votes, 0.1, confidence);
    REQUIRE((before && unclear && failed));
    CHECK(unclear->low == Approx(before->low).epsilon(1e-6));
    CHECK(failed->low < before->low);
}

TEST_CASE("the difference of two capacities covers the truth as often as it promises",
          "[threshold]") {
    constexpr std::uint64_t runs = 200;
    constexpr double width = 0.02;
    const SearchSettings asked = settings(0.02, 3);
    int covered = 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
        const double base = 500 + static_cast<double>(run % 23);
        const double variant = base * 0.9;
        const auto left =
            threshold_of(searched(asked, logistic(base, width), 2 * run).votes(), 0.02, confidence);
        const auto right = threshold_of(
            searched(asked, logistic(variant, width), 2 * run + 1).votes(), 0.02, confidence);
        REQUIRE((left && right));
        const Threshold between = difference(*left, *right);
        covered += between.low <= base - variant && base - variant <= between.high ? 1 : 0;
    }
    INFO("covers " << covered << " of " << runs);
    CHECK(covered >= runs * (confidence - 2 * std::sqrt(confidence * (1 - confidence) / runs)));
}

namespace {

CapacityFound found(std::optional<std::uint32_t> targets, CapacitySearch::End end) {
    return {end, targets, std::nullopt};
}

results::CapacityRecord cost(const CapacityFound& base, const CapacityFound& variant) {
    results::CapacityRecord out;
    tell_cost(base, variant, 100, out);
    return out;
}

} // namespace

TEST_CASE("a variant costs something even where its edge or the platform's was not met",
          "[capacity]") {
    using End = CapacitySearch::End;
    const auto both = cost(found(500, End::array), found(400, End::array));
    CHECK(*both.cost_targets == 100);
    CHECK_FALSE(both.cost_at_least);
    const auto below_least = cost(found(500, End::array), found(std::nullopt, End::array));
    CHECK_FALSE(below_least.cost_targets);
    CHECK(*below_least.cost_at_least == 400);
    const auto base_at_most = cost(found(500, End::offer), found(400, End::array));
    CHECK(*base_at_most.cost_at_least == 100);
    CHECK_FALSE(base_at_most.cost_targets);
    const auto variant_at_most = cost(found(400, End::array), found(500, End::offer));
    CHECK(*variant_at_most.cost_at_most == -100);
    const auto neither = cost(found(500, End::offer), found(500, End::offer));
    CHECK_FALSE((neither.cost_targets || neither.cost_at_least || neither.cost_at_most));
    const auto no_base = cost(found(std::nullopt, End::array), found(400, End::array));
    CHECK_FALSE((no_base.cost_targets || no_base.cost_at_least || no_base.cost_at_most));
    // The bench gave out below the least: nothing was learned of the array.
    const auto blind = cost(found(500, End::array), found(std::nullopt, End::bench));
    CHECK_FALSE((blind.cost_targets || blind.cost_at_least || blind.cost_at_most));
    const auto open = cost(found(500, End::array), found(400, End::open));
    CHECK_FALSE((open.cost_targets || open.cost_at_least || open.cost_at_most));
}
