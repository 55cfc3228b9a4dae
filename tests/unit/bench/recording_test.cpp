// SPDX-License-Identifier: Apache-2.0
#include "bench/load/recording_driver.h"
#include "drivers/api/errors.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/timed_driver.h"

#include <catch2/catch.hpp>

#include <array>

using namespace bench::load;
using namespace std::chrono_literals;
using profiles::AccessOp;

TEST_CASE("a recording holds what drivers took, by time, and nothing they refused", "[trace]") {
    tests::ManualClock clock;
    std::array<Lane, 2> lanes;
    for (Lane& lane : lanes) {
        lane.drivers.push_back(
            std::make_unique<tests::TimedDriver>(clock, 2, tests::TimedBehaviour{}));
    }
    Recording recording(clock);
    recording.listen_to(lanes);
    drivers::Request write;
    write.op = drivers::Op::write;
    write.force_unit_access = true;
    write.range = {8, 16};
    clock.advance(5s);
    REQUIRE(lanes[1].drivers[0]->submit(write));
    clock.advance(1ms);
    drivers::Request flush;
    flush.op = drivers::Op::flush;
    REQUIRE(lanes[0].drivers[0]->submit(flush));
    clock.advance(1ms);
    const std::array ranges{drivers::BlockRange{0, 8}, drivers::BlockRange{64, 8}};
    drivers::Request unmap;
    unmap.op = drivers::Op::unmap;
    unmap.ranges = ranges;
    REQUIRE(lanes[1].drivers[0]->submit(unmap));
    REQUIRE_FALSE(lanes[1].drivers[0]->submit(write)); // Full: not taken, not recorded.

    const auto records = recording.records();
    REQUIRE(records.size() == 4);
    CHECK(records[0].op == AccessOp::write);
    CHECK(records[0].force_unit_access);
    CHECK(records[0].at == 0ns);
    CHECK(records[0].offset_bytes == 8 * 512);
    CHECK(records[0].size_bytes == 16 * 512);
    CHECK(records[1].op == AccessOp::flush);
    CHECK(records[1].at == 1ms);
    CHECK(records[1].size_bytes == 0);
    CHECK(records[2].op == AccessOp::unmap);
    CHECK(records[3].offset_bytes == 64 * 512);
    CHECK(records[3].at == 2ms);

    const tests::ScratchFolder folder;
    recording.save(folder.path() + "/out.iolog", {"lun", 3});
    CHECK_THROWS_AS(recording.save(folder.path() + "/no/such/folder", {"lun", 3}),
                    drivers::HostError);
}

TEST_CASE("a submission log that is full counts what it misses", "[trace]") {
    SubmissionLog log(2);
    for (int i = 0; i < 5; ++i) {
        log.add({});
    }
    CHECK(log.entries().size() == 2);
    CHECK(log.missed() == 3);
}
