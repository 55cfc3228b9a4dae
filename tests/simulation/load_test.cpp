// SPDX-License-Identifier: Apache-2.0
// Whole rounds on a clock that the test owns.
#include "bench/load/load_run.h"
#include "profiles/synthetic_source.h"
#include "tests/fakes/timed_driver.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using bench::load::Lane;
using bench::load::LoadSettings;
using profiles::Pace;
using tests::TimedBehaviour;
using tests::TimedDriver;

namespace {

profiles::Workload reads(Pace pace, double rate_per_s, std::uint32_t depth = 4) {
    profiles::Workload out;
    out.streams.resize(1);
    out.streams[0].name = "read";
    out.arrivals.pace = pace;
    out.arrivals.rate_per_s = rate_per_s;
    out.arrivals.depth = depth;
    return out;
}

// One simulated round, with the driver in reach afterwards.
struct Simulation {
    tests::ManualClock clock;
    LoadSettings settings;
    std::vector<Lane> lanes;
    TimedDriver* driver = nullptr;

    results::RoundRecord
    run(const profiles::Workload& workload, const TimedBehaviour& behaviour, std::size_t depth) {
        lanes.resize(1);
        auto made = std::make_unique<TimedDriver>(clock, depth, behaviour);
        driver = made.get();
        lanes[0].drivers.push_back(std::move(made));
        lanes[0].source = profiles::make_source(workload, {0, 1U << 30U, 512}, 1, {});
        lanes[0].access_bytes_max = 4096;
        settings.offered_per_s = workload.arrivals.rate_per_s;
        settings.limits.spin_max = 0ns;
        return bench::load::run_load(lanes, settings, clock);
    }
};

// The clock at which a simulated load starts: a moment after the test's own epoch.
constexpr drivers::TimePoint start{2ms};

} // namespace

TEST_CASE("a frozen array shows in the tail, counted from the due instants", "[simulation]") {
    Simulation simulation;
    TimedBehaviour behaviour;
    behaviour.freeze_from = start + 4s;
    behaviour.freeze_until = start + 6s;
    for (const std::size_t depth : {32U, 4096U}) { // Whether or not the driver fills up.
        Simulation each;
        const auto round = each.run(reads(Pace::fixed, 1000), behaviour, depth);
        const auto& stream = round.streams.at(0);
        CHECK(stream.completed == 10'000);
        CHECK(stream.response_ns.quantile_ns(0.5) == Approx(100'000).epsilon(0.001));
        CHECK(stream.response_ns.quantile_ns(0.99) > 1'500'000'000);
        CHECK(stream.response_ns.max_ns() >= 1'999'000'000);
        CHECK(round.audit.invalid.empty()); // The array's fault, not the generator's.
        CHECK(round.ended == "complete");
        CHECK((depth > 32 || stream.wait_ns.quantile_ns(0.99) > 1'500'000'000));
        CHECK((depth < 4096 || stream.wait_ns.max_ns() < 1'000'000));
    }
}

TEST_CASE("the interval series shows what was due although the array stood still", "[simulation]") {
    TimedBehaviour behaviour;
    behaviour.freeze_from = start + 4s;
    behaviour.freeze_until = start + 6s;
    Simulation simulation;
    std::size_t told = 0;
    simulation.settings.ramp = 2s;
    simulation.settings.duration = 8s;
    simulation.settings.on_interval = [&](const auto& record) {
        CHECK(record.from_ns == static_cast<std::int64_t>(told) * 1'000'000'000);
        ++told;
    };
    const auto round = simulation.run(reads(Pace::fixed, 1000), behaviour, 8);
    REQUIRE(round.intervals.size() == 11); // The last answer came after the end.
    CHECK(round.intervals[10].phase == "drain");
    CHECK(told == 11);
    std::uint64_t completed = 0;
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(round.intervals[i].due == 1000);
        CHECK(round.intervals[i].ramp == (i < 2));
        CHECK(round.intervals[i].invalid.empty());
        completed += round.intervals[i].completed;
    }
    CHECK(completed >= 9'990);
    CHECK(round.intervals[5].completed <= 8);
    CHECK(round.streams[0].completed == 8'000); // Ramp excluded.
}

TEST_CASE("a closed loop keeps exactly its depth in flight", "[simulation]") {
    Simulation simulation;
    const auto round = simulation.run(reads(Pace::closed, 0, 7), {}, 64);
    CHECK(simulation.driver->most_held() == 7);
    // Each of the seven is due at a completion and takes 100 us.
    CHECK(round.audit.achieved_per_s == Approx(70'000).epsilon(0.001));
    CHECK(round.streams[0].response_ns.max_ns() == 100'000);
    CHECK(round.streams[0].wait_ns.max_ns() == 0);
}

TEST_CASE("submissions are the schedule's own count", "[simulation]") {
    for (const Pace pace : {Pace::fixed, Pace::poisson}) {
        const auto workload = reads(pace, 20'000);
        Simulation simulation;
        simulation.settings.ramp = 500ms;
        simulation.settings.duration = 2s;
        const auto round = simulation.run(workload, {}, 1024);
        const auto own = profiles::scheduled_count(workload.arrivals, 1, 500ms, 2500ms);
        CHECK(round.audit.scheduled == own);
        CHECK(std::abs(static_cast<double>(round.audit.submitted) - static_cast<double>(own)) <=
              0.001 * static_cast<double>(own));
        CHECK(round.streams[0].completed == own);
    }
}

TEST_CASE("a generator that cannot keep up is called invalid", "[simulation]") {
    TimedBehaviour behaviour;
    behaviour.submit_cost = 150us; // So that 10,000/s cannot be had.
    Simulation simulation;
    const auto round = simulation.run(reads(Pace::fixed, 10'000), behaviour, 4096);
    REQUIRE(round.audit.invalid.size() == 1);
    CHECK_THAT(round.audit.invalid[0], Catch::Contains("invalid for the generator"));
    CHECK(round.audit.achieved_per_s < 7'000);

    behaviour.submit_cost = 10us;
    Simulation able;
    CHECK(able.run(reads(Pace::fixed, 10'000), behaviour, 4096).audit.invalid.empty());
}

TEST_CASE("an array that is too slow is slow, and not the generator's fault", "[simulation]") {
    TimedBehaviour behaviour;
    behaviour.service = 4ms; // Eight at a time: 2,000/s.
    Simulation simulation;
    const auto round = simulation.run(reads(Pace::poisson, 4'000), behaviour, 8);
    CHECK(round.audit.invalid.empty());
    CHECK(round.audit.achieved_per_s == Approx(2'000).epsilon(0.01));
    const auto& stream = round.streams[0];
    CHECK(stream.completed + stream.unfinished == round.audit.scheduled);
    CHECK(stream.unfinished > 0); // The drain is bounded at 5 s, the backlog is 10 s long.
    CHECK(stream.response_ns.count() == round.audit.scheduled); // At least so long, not left out.
    CHECK(stream.response_ns.quantile_ns(0.99) > 4'500'000'000);
}

TEST_CASE("requests that are never answered end the round with the array lost", "[simulation]") {
    TimedBehaviour behaviour;
    behaviour.silent_from = start + 3s;
    Simulation simulation;
    const auto round = simulation.run(reads(Pace::closed, 0, 4), behaviour, 4);
    CHECK_THAT(round.ended, Catch::Contains("array lost: 4 requests"));
    CHECK(round.streams[0].unfinished == 4);
    CHECK(round.streams[0].response_ns.max_ns() >= 11'900'000'000);
    CHECK(simulation.lanes[0].drivers.empty()); // Closed: nothing touches the buffers any more.
}

TEST_CASE("errors are counted by kind and quick ones are no latency", "[simulation]") {
    TimedBehaviour behaviour;
    behaviour.status = drivers::Status::failed;
    Simulation failing;
    const auto failed = failing.run(reads(Pace::fixed, 1000), behaviour, 8);
    CHECK(failed.streams[0].failed == 10'000);
    CHECK(failed.streams[0].completed == 0);
    CHECK(failed.streams[0].errors.at("failed") == 10'000);
    CHECK(failed.streams[0].response_ns.count() == 0);
    CHECK(failed.intervals.at(3).errors == 1000);

    behaviour.status = drivers::Status::timed_out;
    Simulation hanging;
    const auto timed_out = hanging.run(reads(Pace::fixed, 1000), behaviour, 8);
    CHECK(timed_out.streams[0].timed_out == 10'000);
    CHECK(timed_out.streams[0].response_ns.count() == 10'000);
}

TEST_CASE("a lane sleeps in its only driver where that offers it", "[simulation]") {
    for (const auto& workload : {reads(Pace::fixed, 1000), reads(Pace::closed, 0, 4)}) {
        Simulation usual;
        const auto expected = usual.run(workload, {}, 8);
        CHECK(usual.driver->slept() == 0);
        CHECK(usual.driver->timer_asked() > 0);

        TimedBehaviour behaviour;
        behaviour.sleeps_itself = true;
        Simulation sleeping;
        const auto round = sleeping.run(workload, behaviour, 8);
        CHECK(sleeping.driver->slept() > 10'000);
        CHECK(sleeping.driver->timer_asked() == 0);
        CHECK(round.ended == "complete");
        CHECK(round.audit.submitted == expected.audit.submitted);
        CHECK(round.audit.invalid == expected.audit.invalid);
        CHECK(round.streams[0].response_ns == expected.streams[0].response_ns);
        CHECK(round.streams[0].wait_ns == expected.streams[0].wait_ns);
    }
}

TEST_CASE("a lane with two drivers sleeps in neither", "[simulation]") {
    tests::ManualClock clock;
    TimedBehaviour behaviour;
    behaviour.sleeps_itself = true;
    std::vector<Lane> lanes(1);
    std::vector<TimedDriver*> drivers;
    for (int i = 0; i < 2; ++i) {
        auto driver = std::make_unique<TimedDriver>(clock, 4, behaviour);
        drivers.push_back(driver.get());
        lanes[0].drivers.push_back(std::move(driver));
    }
    lanes[0].source = profiles::make_source(reads(Pace::closed, 0, 8), {0, 1U << 30U, 512}, 1, {});
    lanes[0].access_bytes_max = 4096;
    LoadSettings settings;
    settings.limits.spin_max = 0ns;
    const auto round = bench::load::run_load(lanes, settings, clock);
    CHECK(round.ended == "complete");
    for (const TimedDriver* driver : drivers) {
        CHECK(driver->slept() == 0);
        CHECK(driver->submitted() > 100'000);
    }
}

TEST_CASE("an interval in which the pump itself stood still is marked", "[simulation]") {
    // A driver whose submit takes 300 ms once is to the pump what SIGSTOP is to the process.
    class Stopping final : public drivers::BlockDriver {
    public:
        explicit Stopping(tests::ManualClock& clock)
            : clock_(clock)
            , inner_(clock, 64, {}) {}
        const drivers::Geometry& geometry() const noexcept override { return inner_.geometry(); }
        const drivers::Identity& identity() const noexcept override { return inner_.identity(); }
        std::size_t depth() const noexcept override { return inner_.depth(); }
        bool submit(const drivers::Request& request) noexcept override {
            if (inner_.submitted() == 5500) {
                clock_.advance(300ms);
            }
            return inner_.submit(request);
        }
        std::size_t poll(std::span<drivers::Completion> out) noexcept override {
            return inner_.poll(out);
        }
        int wait_fd() const noexcept override { return -1; }
        drivers::TimePoint next_timer() const noexcept override { return inner_.next_timer(); }

    private:
        tests::ManualClock& clock_;
        TimedDriver inner_;
    };
    tests::ManualClock clock;
    std::vector<Lane> lanes(1);
    lanes[0].drivers.push_back(std::make_unique<Stopping>(clock));
    lanes[0].source = profiles::make_source(reads(Pace::fixed, 1000), {0, 1U << 30U, 512}, 1, {});
    lanes[0].access_bytes_max = 4096;
    LoadSettings settings;
    settings.offered_per_s = 1000;
    settings.limits.spin_max = 0ns;
    const auto round = bench::load::run_load(lanes, settings, clock);
    for (const auto& interval : round.intervals) {
        INFO(interval.from_ns);
        CHECK(interval.invalid.empty() == (interval.from_ns != 5'000'000'000));
    }
    CHECK_THAT(round.intervals.at(5).invalid, Catch::Contains("did not run for 299 ms"));
    CHECK(round.audit.invalid.size() == 1); // 3 % of the accesses slipped.
}
