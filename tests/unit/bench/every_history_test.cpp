// SPDX-License-Identifier: Apache-2.0
// Every interleaving of a few operations on one unit: whatever an honest array may show is
// believed, whatever it may not is found.
#include "tests/fakes/unit_history.h"

#include <catch2/catch.hpp>

using tests::every;
using tests::text;
using tests::UnitOp;
using tests::UnitVerdicts;

TEST_CASE("the histories of one unit are all there", "[integrity][exhaustive]") {
    // By hand: before anything, after the submission, after the end: 3 points with one base.
    const UnitVerdicts one = every({UnitOp::write}, 1, false);
    CHECK(one.histories == 2 * 3);
    // The orders are s1 s2 e1 e2, s1 s2 e2 e1 and s1 e1 s2 e2: 10 points.
    const UnitVerdicts two = every({UnitOp::write}, 2, false);
    CHECK(two.histories == 2 * 10);
}

TEST_CASE("in every order of two operations and a power cut nobody is accused, no lie believed",
          "[integrity][exhaustive]") {
    const UnitVerdicts out = every({UnitOp::write,
                                    UnitOp::fua,
                                    UnitOp::unknown,
                                    UnitOp::unfenced,
                                    UnitOp::zeroes,
                                    UnitOp::flush},
                                   2,
                                   true);
    INFO(text(out));
    CHECK(out.accused_count == 0);
    CHECK(out.missed_count == 0);
    CHECK(out.allowed_count < out.lies / 500);
    CHECK(out.histories > 15'000);
}

TEST_CASE("in every order of three writes and a power cut nobody is accused, no lie believed",
          "[integrity][exhaustive]") {
    const UnitVerdicts out = every({UnitOp::write, UnitOp::fua, UnitOp::flush}, 3, true, 1);
    INFO(text(out));
    CHECK(out.accused_count == 0);
    CHECK(out.missed_count == 0);
    CHECK(out.allowed_count < out.lies / 200);
}

TEST_CASE("in every order of three operations without a power cut no lie is believed",
          "[integrity][exhaustive]") {
    const UnitVerdicts out = every({UnitOp::write, UnitOp::unfenced, UnitOp::zeroes}, 3, false);
    INFO(text(out));
    CHECK(out.accused_count == 0);
    CHECK(out.missed_count == 0);
    CHECK(out.allowed_count == 0);
}

TEST_CASE("reads in the middle of a history never lead to an accusation",
          "[integrity][exhaustive]") {
    const UnitVerdicts out =
        every({UnitOp::write, UnitOp::fua, UnitOp::unfenced, UnitOp::flush, UnitOp::read}, 2, true);
    INFO(text(out));
    CHECK(out.accused_count == 0); // What they prove of writes in flight is not held to.
}

TEST_CASE("the rule is the same beyond 2^34 writes of a lane", "[integrity][exhaustive]") {
    for (const std::uint64_t start : {(1ULL << 34U) - 500, 1ULL << 40U}) {
        const UnitVerdicts out =
            every({UnitOp::write, UnitOp::fua, UnitOp::zeroes, UnitOp::flush}, 2, true, 9, start);
        INFO(start << ": " << text(out));
        CHECK(out.accused_count == 0);
        CHECK(out.missed_count == 0);
    }
}
