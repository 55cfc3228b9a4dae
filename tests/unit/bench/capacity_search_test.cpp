// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/capacity.h"
#include "bench/judge/capacity_search.h"
#include "profiles/random.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace bench::judge;

namespace {

SearchSettings settings(bool bisect, std::uint32_t rounds = 1) {
    SearchSettings out;
    out.rungs = rungs_between(100, 1000, 0.1);
    out.bisect = bisect;
    out.rounds = rounds;
    return out;
}

// Runs a search on an array that votes so; returns the rounds it took.
std::size_t run(CapacitySearch& search, const std::function<Vote(std::uint32_t)>& array) {
    std::size_t rounds = 0;
    while (const auto targets = search.next()) {
        search.tell(*targets, array(*targets));
        REQUIRE(++rounds < 1000);
    }
    return rounds;
}

Vote word(bool holds) {
    return holds ? Vote::sustained : Vote::failed;
}

} // namespace

TEST_CASE("numbers of targets stand a resolution apart and end where asked", "[capacity]") {
    const auto rungs = rungs_between(100, 1000, 0.1);
    CHECK(rungs.front() == 100);
    CHECK(rungs[1] == 110);
    CHECK(rungs.back() == 1000);
    for (std::size_t i = 1; i + 1 < rungs.size(); ++i) {
        CHECK(rungs[i] / double(rungs[i - 1]) == Approx(1.1).margin(0.01));
    }
    const auto few = rungs_between(1, 5, 0.02); // Whole targets, each once.
    CHECK(few == std::vector<std::uint32_t>{1, 2, 3, 4, 5});
}

TEST_CASE("a known knee is found wherever it lies, by ramp and by bisection", "[capacity]") {
    for (const bool bisect : {false, true}) {
        const SearchSettings asked = settings(bisect);
        for (std::size_t knee = 0; knee < asked.rungs.size(); ++knee) {
            for (const std::size_t start : {std::size_t{0}, knee, asked.rungs.size() - 1}) {
                SearchSettings begun = asked;
                begun.start = start == 0 ? 0 : asked.rungs[start];
                CapacitySearch search(begun);
                const auto rounds = run(search, [&](std::uint32_t targets) {
                    return word(targets <= asked.rungs[knee]);
                });
                REQUIRE(search.found());
                CHECK(*search.found() == asked.rungs[knee]);
                const bool last = knee + 1 == asked.rungs.size();
                CHECK(search.end() ==
                      (last ? CapacitySearch::End::offer : CapacitySearch::End::array));
                CHECK(search.beyond().has_value() == !last);
                if (!last) {
                    CHECK(*search.beyond() == asked.rungs[knee + 1]);
                }
                CHECK(rounds <= 20);
            }
        }
    }
}

TEST_CASE("an array that never sustains is told from one never asked", "[capacity]") {
    for (const bool bisect : {false, true}) {
        CapacitySearch search(settings(bisect));
        CHECK(search.end() == CapacitySearch::End::open);
        run(search, [](std::uint32_t) { return Vote::failed; });
        CHECK(search.end() == CapacitySearch::End::array);
        CHECK_FALSE(search.found());
        CHECK(*search.beyond() == 100);
        CHECK_FALSE(search.sustained_always());
    }
}

TEST_CASE("one failed round of a step is a hiccup, two are a limit", "[capacity]") {
    CapacitySearch search(settings(false));
    search.tell(100, Vote::failed);
    CHECK(*search.next() == 100);
    search.tell(100, Vote::sustained);
    CHECK(*search.next() > 100);
    CapacitySearch falls(settings(false));
    falls.tell(100, Vote::failed);
    falls.tell(100, Vote::failed);
    CHECK_FALSE(falls.next());
}

TEST_CASE("a bench that gives out ends a search without blaming the array", "[capacity]") {
    CapacitySearch search(settings(false));
    run(search,
        [](std::uint32_t targets) { return targets > 300 ? Vote::unclear : Vote::sustained; });
    CHECK(search.end() == CapacitySearch::End::bench);
    CHECK(*search.found() <= 300);
    CapacitySearch blind(settings(true, 3));
    run(blind, [](std::uint32_t) { return Vote::unclear; });
    CHECK(blind.end() == CapacitySearch::End::bench);
    CHECK_FALSE(blind.found());
}

TEST_CASE("by bisection a noisy array's knee lies between always and never", "[capacity]") {
    constexpr double knee = 400;
    std::size_t inside = 0;
    std::size_t near = 0;
    constexpr std::size_t runs = 200;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        profiles::Random chance(seed);
        SearchSettings asked = settings(true, 5);
        asked.rungs = rungs_between(100, 1000, 0.02);
        asked.stride = 24;
        CapacitySearch search(asked);
        run(search, [&](std::uint32_t targets) { // Even odds at the knee, a soft edge of 5 %.
            const double holds = 1 / (1 + std::exp((targets / knee - 1) / 0.02));
            return word(chance.chance(holds));
        });
        REQUIRE(search.found());
        near += std::abs(*search.found() / knee - 1) <= 0.05 ? 1U : 0U;
        const double low = search.sustained_always().value_or(0);
        const double high = search.sustained_never().value_or(1e9);
        CHECK(low <= *search.found());
        CHECK(high > *search.found());
        inside += low <= knee && knee <= high ? 1U : 0U;
    }
    CHECK(near >= runs * 95 / 100);
    CHECK(inside >= runs * 95 / 100);
}

namespace {

CapacityQuestion two_arrays_two_variants() {
    CapacityQuestion out;
    out.arrays = {{"hostile", {}, ""}, {"honest", {}, ""}};
    out.variants.resize(2);
    out.variants[0].workload = "capacity: base";
    out.variants[1].workload = "capacity: scrub";
    out.search.rungs = {100};
    return out;
}

// Three of them, and the bench cannot tell: the search has ended.
results::RoundRecord unclear(const std::string& workload) {
    results::RoundRecord out;
    out.array = "honest";
    out.workload = workload;
    out.point_value = 100;
    out.ended = "interrupted";
    return out;
}

} // namespace

TEST_CASE("an array that is left out keeps no other's search from going on", "[capacity]") {
    CapacityBook book(two_arrays_two_variants());
    CHECK(book.next().size() == 2);
    for (int i = 0; i < 3; ++i) {
        (void)book.tell(unclear("capacity: base"));
    }
    REQUIRE(book.next().size() == 1); // The other is still asked.
    CHECK(book.next()[0].array == 0);
    book.leave_out(0);
    REQUIRE(book.next().size() == 1);
    CHECK(book.next()[0].variant == 1);
    CHECK(book.next()[0].array == 1);
    for (int i = 0; i < 3; ++i) {
        (void)book.tell(unclear("capacity: scrub"));
    }
    CHECK(book.next().empty());
    CHECK_FALSE(book.records()[0].measured);
}

TEST_CASE("rounds alone say later that an array was left out", "[capacity]") {
    CapacityBook book(two_arrays_two_variants());
    for (const char* workload : {"capacity: base", "capacity: scrub"}) {
        for (int i = 0; i < 3; ++i) {
            CHECK(book.tell(unclear(workload)).reason == "interrupted");
        }
    }
    CHECK(book.next().empty());
    REQUIRE(book.records().size() == 4);
    CHECK(book.records()[3].points.front().unclear == 3);
    CHECK(book.tell(unclear("another")).reason == "a round of another question");
}
