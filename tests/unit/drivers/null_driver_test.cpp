// SPDX-License-Identifier: Apache-2.0
#include "drivers/memory/null_driver.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <array>

TEST_CASE("the null driver answers each request once, in order, at the next poll", "[null]") {
    tests::ManualClock clock;
    drivers::NullDriver driver(1U << 20U, 3, clock);
    CHECK(driver.geometry().block_count == 2048);
    drivers::Request request;
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;
    std::array<drivers::Completion, 2> done;
    for (int turn = 0; turn < 5; ++turn) {
        while (driver.submit(request)) {
            request.tag = ++asked;
        }
        clock.advance(std::chrono::microseconds(3));
        for (std::size_t count = driver.poll(done); count > 0; count = driver.poll(done)) {
            for (std::size_t i = 0; i < count; ++i) {
                CHECK(done[i].tag == answered++);
                CHECK(done[i].done == clock.now());
                CHECK(done[i].status == drivers::Status::good);
            }
        }
    }
    CHECK(asked == 15);
    CHECK(answered == 15);
}
