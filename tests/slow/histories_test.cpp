// SPDX-License-Identifier: Apache-2.0
// The same as among the quick tests, with more operations and more seeds.
#include "tests/fakes/unit_history.h"
#include "tests/unit/bench/honest_array.h"

#include <catch2/catch.hpp>

using bench::integrity::FindingKind;
using tests::every;
using tests::HonestArray;
using tests::text;
using tests::UnitOp;

namespace {

struct Sum {
    std::uint64_t accused = 0;
    std::uint64_t checked = 0;
    std::uint64_t notes = 0;
    std::string seeds; // Of the accused.
};

void add(Sum& sum, HonestArray& array, std::uint64_t seed) {
    const auto& found = array.keeper->findings();
    if (found.accusations() != 0) {
        ++sum.accused;
        sum.seeds += " " + std::to_string(seed);
    }
    sum.checked += array.keeper->counts().sectors_checked;
    sum.notes += found.count(FindingKind::unflushed_loss) + found.count(FindingKind::undecidable);
}

Sum honest_histories(std::uint64_t seeds, int steps, std::uint64_t crowd) {
    Sum out;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        HonestArray array(seed, crowd);
        for (int i = 0; i < steps && array.keeper->findings().accusations() == 0; ++i) {
            array.step();
        }
        if (array.keeper->findings().accusations() == 0) {
            array.read_all();
        }
        add(out, array, seed);
    }
    return out;
}

} // namespace

TEST_CASE("200,000 honest histories of 300 steps are never accused", "[integrity][slow]") {
    const Sum out = honest_histories(200'000, 300, HonestArray::units);
    INFO("accused:" << out.seeds);
    CHECK(out.accused == 0);
    CHECK(out.checked > 50'000'000);
    CHECK(out.notes > 100'000);
}

TEST_CASE("20,000 honest histories of several units, in part over each other, are never accused",
          "[integrity][slow]") {
    for (const std::uint64_t crowd : {6U, 12U}) {
        const Sum out = honest_histories(20'000, 300, crowd);
        INFO(crowd << " units, accused:" << out.seeds);
        CHECK(out.accused == 0);
        CHECK(out.checked > 100'000);
        CHECK(out.notes > 500);
    }
}

TEST_CASE(
    "in every order of four writes, a flush and a power cut nobody is accused, no lie believed",
    "[integrity][slow]") {
    const auto writes = every({UnitOp::write, UnitOp::fua}, 4, true);
    INFO(text(writes));
    CHECK(writes.accused_count == 0);
    CHECK(writes.missed_count == 0);
    CHECK(writes.allowed_count < writes.lies / 1000);
    const auto flushed = every({UnitOp::write, UnitOp::fua, UnitOp::flush}, 4, true, 1);
    INFO(text(flushed));
    CHECK(flushed.accused_count == 0);
    CHECK(flushed.missed_count == 0);
    CHECK(flushed.allowed_count < flushed.lies / 50);
}

TEST_CASE("in every order of three operations of any kind nobody is accused, no lie believed",
          "[integrity][slow]") {
    const auto out = every({UnitOp::write,
                            UnitOp::fua,
                            UnitOp::unknown,
                            UnitOp::unfenced,
                            UnitOp::zeroes,
                            UnitOp::flush},
                           3,
                           true);
    INFO(text(out));
    CHECK(out.accused_count == 0);
    CHECK(out.missed_count == 0);
    const auto read = every(
        {UnitOp::write, UnitOp::fua, UnitOp::zeroes, UnitOp::unfenced, UnitOp::read}, 3, true);
    INFO(text(read));
    CHECK(read.accused_count == 0);
}
