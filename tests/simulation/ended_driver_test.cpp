// SPDX-License-Identifier: Apache-2.0
// Drivers that carry nothing any more: the load ends, says why, and calls nothing of it latency.
#include "bench/load/load_run.h"
#include "profiles/synthetic_source.h"
#include "results/put_off.h"
#include "results/round_end.h"
#include "results/text/human.h"
#include "tests/fakes/timed_driver.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using bench::load::Lane;
using bench::load::LoadSettings;
using drivers::DriverEnd;
using profiles::Pace;
using tests::TimedBehaviour;
using tests::TimedDriver;

namespace {

constexpr drivers::TimePoint start{2ms};

profiles::Workload reads(Pace pace, double rate_per_s, std::uint32_t depth) {
    profiles::Workload out;
    out.streams.resize(1);
    out.streams[0].name = "read";
    out.arrivals.pace = pace;
    out.arrivals.rate_per_s = rate_per_s;
    out.arrivals.depth = depth;
    return out;
}

struct Ended {
    results::RoundRecord round;
    std::size_t submitted = 0;
};

Ended run(const profiles::Workload& workload, const TimedBehaviour& behaviour) {
    tests::ManualClock clock;
    std::vector<Lane> lanes(1);
    auto made = std::make_unique<TimedDriver>(clock, 64, behaviour);
    const TimedDriver& driver = *made;
    lanes[0].drivers.push_back(std::move(made));
    lanes[0].source = profiles::make_source(workload, {0, 1U << 30U, 512}, 1, {});
    lanes[0].access_bytes_max = 4096;
    LoadSettings settings;
    settings.offered_per_s = workload.arrivals.rate_per_s;
    settings.limits.spin_max = 0ns;
    Ended out{bench::load::run_load(lanes, settings, clock), 0};
    out.submitted = lanes[0].drivers.empty() ? 0 : driver.submitted();
    return out;
}

} // namespace

TEST_CASE("a driver that has ended ends the load at once, and what it lost is no latency",
          "[simulation][ended]") {
    for (const auto& workload : {reads(Pace::closed, 0, 4), reads(Pace::fixed, 1000, 1)}) {
        TimedBehaviour behaviour;
        behaviour.ends_at = start + 3s;
        const auto [round, submitted] = run(workload, behaviour);
        CHECK(round.ended == "array lost: it has gone");
        CHECK(round.duration_ns < 3'100'000'000); // Of ten seconds.
        const auto& stream = round.streams[0];
        CHECK(stream.completed > 2'900);
        CHECK(stream.lost <= 8);
        CHECK(submitted <= stream.completed + 8);
        CHECK(stream.response_ns.count() == stream.completed);
        CHECK(stream.response_ns.min_ns() >= 100'000); // The service time, and nothing below it.
        CHECK(stream.service_ns.min_ns() >= 100'000);
        for (const auto& interval : round.intervals) {
            CHECK((interval.completed == 0 || interval.response_ns_p50 >= 100'000));
        }
    }
}

TEST_CASE("each end of a driver has its own words, and the worst of several decides",
          "[simulation][ended]") {
    const auto words = [](DriverEnd end) {
        TimedBehaviour behaviour;
        behaviour.ends_at = start + 1s;
        behaviour.end = end;
        return run(reads(Pace::closed, 0, 4), behaviour).round.ended;
    };
    CHECK(words(DriverEnd::another_lun) == "refused for safety: it has gone");
    CHECK(words(DriverEnd::less_secure) == "refused for safety: it has gone");
    CHECK(words(DriverEnd::broke_protocol) == "array broke the protocol: it has gone");
    CHECK(words(DriverEnd::lost) == "array lost: it has gone");

    tests::ManualClock clock;
    std::vector<Lane> lanes(1);
    TimedBehaviour behaviour;
    behaviour.ends_at = start + 1s;
    lanes[0].drivers.push_back(std::make_unique<TimedDriver>(clock, 4, behaviour));
    behaviour.end = DriverEnd::another_lun;
    lanes[0].drivers.push_back(std::make_unique<TimedDriver>(clock, 4, behaviour));
    lanes[0].source = profiles::make_source(reads(Pace::closed, 0, 8), {0, 1U << 30U, 512}, 1, {});
    lanes[0].access_bytes_max = 4096;
    LoadSettings settings;
    settings.limits.spin_max = 0ns;
    const auto round = bench::load::run_load(lanes, settings, clock);
    CHECK(results::end_of(round.ended) == results::RoundEnd::refused);
}

TEST_CASE("a driver that ends with nothing in flight is noticed all the same",
          "[simulation][ended]") {
    TimedBehaviour behaviour;
    behaviour.ends_at = start + 2500ms; // One access a second: nobody waits for it then.
    behaviour.end = DriverEnd::another_lun;
    const auto [round, submitted] = run(reads(Pace::fixed, 1, 1), behaviour);
    CHECK(results::end_of(round.ended) == results::RoundEnd::refused);
    CHECK(submitted <= 3); // Nothing went out since.
    CHECK(round.streams[0].lost == 0);
}

TEST_CASE("who gives up at once without having ended is not asked again at once",
          "[simulation][ended]") {
    TimedBehaviour behaviour;
    behaviour.no_hope_from = start + 3s;
    const auto [round, submitted] = run(reads(Pace::closed, 0, 4), behaviour);
    CHECK(round.ended == "complete");
    const auto& stream = round.streams[0];
    CHECK(stream.lost > 0);
    CHECK(stream.lost < 7'000); // Four, a hundred times a second at most, for seven seconds.
    CHECK(stream.response_ns.count() == stream.completed);
    REQUIRE(stream.unanswered_ns);
    CHECK(stream.unanswered_ns->count() == stream.lost);
}

TEST_CASE("what was cut off before it was sent is no latency", "[simulation][ended]") {
    TimedBehaviour behaviour;
    behaviour.service = 1s; // 64 at a time, of 100/s that are offered: a backlog.
    behaviour.ends_at = start + 4500ms;
    const auto round = run(reads(Pace::fixed, 100, 1), behaviour).round;
    REQUIRE(results::end_of(round.ended) == results::RoundEnd::array_lost);
    const auto& stream = round.streams[0];
    REQUIRE(stream.unfinished > 10);
    CHECK(stream.response_ns.count() == stream.completed);
    CHECK(stream.response_ns.min_ns() >= 1'000'000'000);
    REQUIRE(stream.unanswered_ns);
    CHECK(stream.unanswered_ns->count() == stream.unfinished + stream.lost);
}

TEST_CASE("what never went out has waited, but has no service time", "[simulation][ended]") {
    TimedBehaviour behaviour;
    behaviour.service = 50ms; // 64 at a time are 1,280/s, of 4,000/s that are offered.
    const auto [round, submitted] = run(reads(Pace::fixed, 4000, 1), behaviour);
    const auto& stream = round.streams[0];
    REQUIRE(stream.unfinished > 1000);
    CHECK(stream.response_ns.count() == stream.completed + stream.unfinished);
    CHECK(stream.service_ns.min_ns() >= 50'000'000);
}

TEST_CASE("what an array put off is summed into the round and said in words",
          "[simulation][ended]") {
    TimedBehaviour behaviour;
    behaviour.put_off = {2, 3, 412ms};
    const auto round = run(reads(Pace::closed, 0, 4), behaviour).round;
    CHECK(results::put_off_text(round.measures) == "not ready for " +
                                                       results::text::duration(412e6) +
                                                       " at most, 3 times; 2 unit attentions");
    const auto calm = run(reads(Pace::closed, 0, 4), {}).round;
    CHECK(results::put_off_text(calm.measures).empty());
    for (const auto& [name, value] : calm.measures) {
        CHECK_FALSE(results::is_put_off(name));
    }
}
