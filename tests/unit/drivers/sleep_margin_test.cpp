// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/sleep_margin.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using drivers::SleepMargin;
using drivers::TimePoint;

TEST_CASE("a sleep margin follows late wake-ups at once, up to its bound", "[api]") {
    SleepMargin margin(500us);
    const TimePoint meant{1s};
    CHECK(margin.value() == 5us);
    margin.slept(meant, meant + 80us);
    CHECK(margin.value() == 80us);
    margin.slept(meant, meant + 30us); // Earlier lateness is not forgotten by one good sleep.
    CHECK(margin.value() > 79us);
    margin.slept(meant, meant + 90ms); // Nor does a stopped process keep a core awake.
    CHECK(margin.value() == 500us);
}

TEST_CASE("a sleep margin forgets slowly what does not come again", "[api]") {
    SleepMargin margin(500us);
    const TimePoint meant{1s};
    margin.slept(meant, meant + 400us);
    for (int i = 0; i < 100; ++i) {
        margin.slept(meant, meant);
    }
    CHECK(margin.value() > 150us);
    for (int i = 0; i < 1000; ++i) {
        margin.slept(meant, meant);
    }
    CHECK(margin.value() == 5us);
}

TEST_CASE("a sleep margin of nothing never stays awake", "[api]") {
    SleepMargin margin(0us);
    margin.slept(TimePoint{1s}, TimePoint{2s});
    CHECK(margin.value() == 0us);
}
