// SPDX-License-Identifier: Apache-2.0
// Where content lies on the LUN, how old it is, and whose.
#include "profiles/interception/store.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace profiles::interception;

namespace {

constexpr profiles::WorkingSet set_of_512_mib{1ULL << 20U, 512ULL << 20U, 512};

Store store_of(double retained_share, std::uint32_t cases = 4) {
    Parameters parameters;
    parameters.storage.retained_share = retained_share;
    return {parameters, set_of_512_mib, 2, cases, 7};
}

std::vector<std::uint32_t> by_age(const Store& store) { // The youngest first.
    std::vector<std::uint32_t> out;
    for (std::size_t rank = 0; rank < store.retained(); ++rank) {
        out.push_back(store.by_rank(rank));
    }
    return out;
}

} // namespace

TEST_CASE("regions of the LUN lie side by side within the working set", "[interception]") {
    const Store store = store_of(0.5);
    std::map<std::uint64_t, std::uint64_t> regions; // From, size
    for (const Region& one : {store.journal(0),
                              store.journal(1),
                              store.log(),
                              store.index(),
                              store.seals(),
                              store.content()}) {
        CHECK(one.size_bytes > 0);
        regions[one.from_bytes] = one.size_bytes;
    }
    REQUIRE(regions.size() == 6);
    std::uint64_t at = set_of_512_mib.from_bytes;
    for (const auto& [from, size] : regions) {
        CHECK(from == at);
        at = from + size;
    }
    CHECK(at <= set_of_512_mib.from_bytes + set_of_512_mib.size_bytes);
    CHECK(at + Store::segment_bytes > set_of_512_mib.from_bytes + set_of_512_mib.size_bytes);
}

TEST_CASE("a full segment is the youngest, and when none is free the oldest is taken",
          "[interception]") {
    Store store = store_of(0.5);
    const auto before = by_age(store);
    REQUIRE(before.size() > 10);
    const std::size_t free = store.segments() - store.retained();
    for (std::size_t i = 0; i < free; ++i) {
        const std::uint32_t opened = store.open_segment(1);
        CHECK(std::find(before.begin(), before.end(), opened) == before.end());
        CHECK(store.case_of(opened) == 1);
        store.retain(opened);
        CHECK(store.by_rank(0) == opened);
    }
    CHECK(store.recycled() == 0);
    CHECK(store.retained() == store.segments());
    const std::uint32_t oldest = store.open_segment(2);
    CHECK(oldest == before.back());
    CHECK(store.recycled() == 1);
    CHECK(store.retained() == store.segments() - 1);
    CHECK(store.open_segment(2) == before[before.size() - 2]);
    CHECK(store.recycled() == 2);
}

TEST_CASE("a case gives up its own segments and no others, down to half of what is kept",
          "[interception]") {
    Store store = store_of(0.8, 3);
    std::set<std::uint32_t> of_case;
    for (const std::uint32_t segment : by_age(store)) {
        if (store.case_of(segment) == 1) {
            of_case.insert(segment);
        }
    }
    REQUIRE(of_case.size() > 3);
    const std::size_t level = store.retained();
    std::uint32_t taken = 0;
    for (; store.take_of_case(1, taken); store.freed(taken)) {
        CHECK(of_case.erase(taken) == 1);
        const auto left = by_age(store);
        CHECK(std::find(left.begin(), left.end(), taken) == left.end());
    }
    CHECK(of_case.empty());
    while (store.may_purge()) {
        REQUIRE((store.take_of_case(0, taken) || store.take_of_case(2, taken)));
        store.freed(taken);
    }
    CHECK(store.retained() == level / 2);
    CHECK(store.open_segment(0) == taken); // Freed last, used first.
}
