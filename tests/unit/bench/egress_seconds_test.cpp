// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watched_seconds.h"

#include <catch2/catch.hpp>

#include <vector>

using bench::campaign::WatchedSeconds;

namespace {

constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t ms = 1'000'000;

std::vector<std::int64_t> bad(const WatchedSeconds& seconds) {
    std::vector<std::int64_t> out;
    for (const auto& [second, why] : seconds.bad()) {
        out.push_back(second);
    }
    return out;
}

} // namespace

TEST_CASE("a clock that keeps its pace or is slewed spoils no second", "[egress]") {
    WatchedSeconds seconds;
    seconds.begin(100 * s, 7 * s);
    for (std::int64_t look = 1; look <= 100; ++look) {
        seconds.looked(100 * s + look * 100 * ms, 7 * s + look * 50'000);
    }
    seconds.looked(111 * s, std::nullopt);
    CHECK(seconds.bad().empty());
}

TEST_CASE("the seconds of a clock step are spoilt, both ways", "[egress]") {
    WatchedSeconds forward;
    forward.begin(100 * s, 7 * s);
    forward.looked(103 * s, 10 * s);
    CHECK(bad(forward) == std::vector<std::int64_t>{100, 101, 102, 103});
    forward.looked(104 * s, 10 * s); // Once is enough.
    CHECK(bad(forward).size() == 4);

    WatchedSeconds back;
    back.begin(100 * s, 7 * s);
    back.looked(97 * s, 4 * s);
    CHECK(bad(back) == std::vector<std::int64_t>{97, 98, 99, 100});

    WatchedSeconds unread; // While the step came, the two clocks could not be read as one.
    unread.begin(100 * s, 7 * s);
    unread.looked(101 * s, std::nullopt);
    unread.looked(102 * s, 6 * s);
    CHECK(bad(unread) == std::vector<std::int64_t>{101, 102});
}

TEST_CASE("a step of years costs no memory without end, and a loss spoils its look only",
          "[egress]") {
    constexpr std::int64_t year = 31'536'000;
    WatchedSeconds seconds;
    seconds.begin(100 * s, 0);
    seconds.looked((100 + year) * s, year * s);
    CHECK(seconds.bad().size() < 10'000);
    CHECK(seconds.bad().count(100) == 1);
    CHECK(seconds.bad().count(100 + year) == 1);

    WatchedSeconds lossy;
    lossy.begin(100 * s, 0);
    lossy.looked(100 * s + 900 * ms, 0);
    lossy.lost(101 * s, "dropped");
    lossy.looked(101 * s, 0);
    lossy.looked(102 * s, 0);
    CHECK(bad(lossy) == std::vector<std::int64_t>{100, 101});
    CHECK(lossy.bad().at(101) == "dropped");
}
