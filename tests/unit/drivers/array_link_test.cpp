// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/array_bench.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

using drivers::array::AccessState;
using drivers::array::Fault;
using drivers::array::FaultEvent;
using drivers::array::MediumEnd;
using tests::ArrayBench;
using namespace std::chrono_literals;

namespace {

struct Ear final : drivers::array::LinkListener {
    void drop_sessions(std::uint16_t controller) override {
        heard += fmt::format("drop {} ", controller);
    }
    void access_state_changed() override { heard += "access "; }
    void power_cut() override { heard += "power "; }
    void stalled_until(std::uint16_t controller, drivers::TimePoint until) override {
        heard += fmt::format("stall {} {} ", controller, (until.time_since_epoch() / 1s) - 1000);
    }
    void lun_swapped(std::uint16_t controller, std::uint16_t lun) override {
        heard += fmt::format("swapped {}/{} ", controller, lun);
    }
    std::string take() { return std::exchange(heard, ""); }
    std::string heard;
};

FaultEvent event(Fault fault, std::uint16_t controller, drivers::Duration duration) {
    FaultEvent out;
    out.fault = fault;
    out.controller = controller;
    out.duration = duration;
    return out;
}

drivers::array::ArraySettings asymmetric() {
    auto settings = ArrayBench::settings();
    settings.symmetric = false;
    return settings;
}

} // namespace

TEST_CASE("only the owner's path is optimized in an asymmetric array", "[array]") {
    ArrayBench bench(asymmetric());
    CHECK(bench.core.access_state(0, 0) == AccessState::active_optimized);
    CHECK(bench.core.access_state(1, 0) == AccessState::active_non_optimized);
    CHECK(bench.core.access_state(0, 1) == AccessState::active_non_optimized);
    ArrayBench other;
    CHECK(other.core.access_state(1, 0) == AccessState::active_optimized);
}

TEST_CASE("a failover passes through transition, swaps the states and brings the controller back",
          "[array]") {
    ArrayBench bench(asymmetric());
    Ear ear;
    bench.core.listen(&ear);
    FaultEvent failover = event(Fault::failover, 0, 10s);
    failover.transition = 3s;
    CHECK(bench.apply(failover).empty());
    CHECK(ear.take() == "drop 0 access ");
    CHECK_FALSE(bench.core.accepts_sessions(0, bench.now));
    CHECK(bench.core.access_state(0, 0) == AccessState::unavailable);
    CHECK(bench.core.access_state(1, 0) == AccessState::transitioning);
    CHECK(bench.core.access_state(1, 1) == AccessState::active_optimized);
    bench.controller = 1;
    CHECK(bench.write(0, 512, 1) == MediumEnd::in_transition);
    CHECK(bench.core.next_change() == bench.now + 3s);

    bench.now += 3s;
    bench.core.advance(bench.now);
    CHECK(ear.take() == "access ");
    CHECK(bench.core.access_state(1, 0) == AccessState::active_optimized);
    CHECK(bench.write(0, 512, 1) == MediumEnd::good);
    bench.controller = 0;
    CHECK(bench.write(0, 512, 1) == MediumEnd::not_accessible);

    bench.now += 7s;
    bench.core.advance(bench.now);
    CHECK(ear.take() == "access ");
    CHECK(bench.core.accepts_sessions(0, bench.now));
    CHECK(bench.core.access_state(0, 0) == AccessState::active_non_optimized);

    bench.plainly(Fault::recover);
    CHECK(bench.core.access_state(0, 0) == AccessState::active_optimized);
    bench.core.ignore(&ear);
}

TEST_CASE("with no controller left a LUN is not served, until recover", "[array]") {
    ArrayBench bench;
    bench.apply(event(Fault::failover, 0, 0s));
    bench.apply(event(Fault::failover, 1, 0s));
    bench.now += 1h;
    bench.core.advance(bench.now);
    CHECK(bench.core.access_state(1, 1) == AccessState::unavailable);
    CHECK(bench.write(0, 512, 1) == MediumEnd::not_accessible);
    bench.plainly(Fault::recover);
    CHECK(bench.write(0, 512, 1) == MediumEnd::good);
}

TEST_CASE("a stall holds every answer of its controller until it ends", "[array]") {
    ArrayBench bench;
    Ear ear;
    bench.core.listen(&ear);
    bench.apply(event(Fault::stall, 1, 2s));
    CHECK(ear.take() == "stall 1 2 ");
    std::vector<std::byte> data(512);
    CHECK(bench.run(drivers::Op::read, 0, data).ready == bench.now);
    bench.controller = 1;
    CHECK(bench.run(drivers::Op::read, 0, data).ready == bench.now + 2s);
    bench.now += 1s;
    CHECK(bench.run(drivers::Op::read, 0, data).ready == bench.now + 1s);
    bench.plainly(Fault::recover);
    CHECK(ear.take() == "stall 1 1 access ");
    CHECK(bench.run(drivers::Op::read, 0, data).ready == bench.now);
    bench.core.ignore(&ear);
}

TEST_CASE("a session drop refuses nobody, a path cut does for its time", "[array]") {
    ArrayBench bench;
    Ear ear;
    bench.core.listen(&ear);
    bench.plainly(Fault::session_drop);
    CHECK(ear.take() == "drop 65535 ");
    CHECK(bench.core.accepts_sessions(0, bench.now));
    bench.apply(event(Fault::path_cut, 0, 5s));
    CHECK(ear.take() == "drop 0 ");
    CHECK_FALSE(bench.core.accepts_sessions(0, bench.now + 4s));
    CHECK(bench.core.accepts_sessions(1, bench.now));
    CHECK(bench.core.accepts_sessions(0, bench.now + 5s));
    bench.core.ignore(&ear);
}

TEST_CASE("a power cut is heard and keeps the doors shut while it lasts", "[array]") {
    ArrayBench bench;
    Ear ear;
    bench.core.listen(&ear);
    bench.apply(event(Fault::power_cut, drivers::array::all_controllers, 4s));
    CHECK(ear.take() == "power drop 0 drop 1 ");
    CHECK_FALSE(bench.core.accepts_sessions(1, bench.now));
    bench.now += 4s;
    bench.core.advance(bench.now);
    CHECK(bench.core.accepts_sessions(1, bench.now));
    bench.core.ignore(&ear);
}

TEST_CASE("an event without its needs, or for what is not there, is refused with the reason",
          "[array]") {
    ArrayBench bench;
    CHECK(bench.plainly(Fault::stall) != "");
    CHECK(bench.plainly(Fault::failover) != "");
    CHECK(bench.plainly(Fault::lost_write) != "");
    CHECK(bench.plainly(Fault::slow_tail) != "");
    CHECK(bench.plainly(Fault::slow_path) != "");
    CHECK(bench.plainly(Fault::bit_rot) != "");
    CHECK(bench.apply(event(Fault::stall, 2, 1s)) == "stall: no controller 2; there are 2");
    FaultEvent beyond = event(Fault::medium_error, 0, 0s);
    beyond.lun = 2;
    beyond.block_count = 1;
    CHECK(bench.apply(beyond) == "medium_error: no LUN 2; there are 2");
    beyond.lun = 1;
    beyond.lba = ArrayBench::blocks;
    CHECK(bench.apply(beyond) == "medium_error: blocks beyond the end of LUN 1");
    for (const std::uint64_t count : bench.core.emulator_counts().done) {
        CHECK(count == 0);
    }
}

TEST_CASE("an update restarts the controller that it names, or none, and is counted", "[array]") {
    ArrayBench bench(asymmetric());
    Ear ear;
    bench.core.listen(&ear);
    CHECK(bench.apply(event(Fault::update, drivers::array::all_controllers, 0s)).empty());
    CHECK(ear.take().empty());
    CHECK(bench.done(Fault::update) == 1);
    CHECK(bench.apply(event(Fault::update, 0, 10s)).empty());
    CHECK(ear.take().starts_with("drop 0 access "));
    CHECK_FALSE(bench.core.accepts_sessions(0, bench.now));
    CHECK(bench.done(Fault::update) == 2);
    CHECK(bench.done(Fault::failover) == 0);
    CHECK(bench.apply(event(Fault::support_visit, drivers::array::all_controllers, 0s)).empty());
    CHECK(ear.take().empty());
    CHECK(bench.done(Fault::support_visit) == 1);
    bench.core.ignore(&ear);
}
