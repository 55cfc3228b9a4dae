// SPDX-License-Identifier: Apache-2.0
// Overlaps that were once judged wrongly: honest arrays that must not be accused, lies that must be
// found.
#include "tests/unit/bench/integrity_rig.h"
#include "tests/unit/bench/temporary_file.h"

#include <catch2/catch.hpp>

using namespace bench::integrity;
using drivers::Status;
using profiles::AccessOp;
using tests::IntegrityRig;

TEST_CASE("a write that ran beside a FUA write and won may come back, whatever was written since",
          "[integrity]") {
    IntegrityRig rig;
    rig.write(0, 4096, true);
    const auto winner = rig.begin(AccessOp::write, 0, 4096);
    const auto forced = rig.begin(AccessOp::write, 0, 4096, true);
    rig.land(forced);
    rig.land(winner);
    const auto stable = rig.lun; // Destaged.
    rig.end(winner);
    rig.write(0); // Overwritten before the other one is acknowledged.
    rig.end(forced);
    rig.write(0);
    rig.power_cut();
    rig.lun = stable;
    rig.read(0);
    CHECK(rig.found() == "unflushed loss x1");
}

TEST_CASE("beside an unmap and a flush either content may be durable", "[integrity]") {
    for (const bool zeros : {false, true}) {
        IntegrityRig rig;
        rig.write(0, 4096, true);
        const auto before = rig.lun;
        const auto writing = rig.begin(AccessOp::write, 0, 4096);
        const auto unmapping = rig.begin(AccessOp::unmap, 0, 4096);
        rig.land(zeros ? writing : unmapping);
        rig.land(zeros ? unmapping : writing);
        rig.end(unmapping);
        rig.end(writing);
        rig.flush();
        const auto stable = rig.lun;
        rig.write(0);
        rig.power_cut();
        rig.lun = stable;
        rig.read(0);
        CHECK(rig.found() == "unflushed loss x1");
        rig.lun = before; // But what both of them follow is gone for good.
        rig.read(0);
        CHECK(rig.keeper->findings().accusations() == 1);
    }
}

TEST_CASE("an answer that is heard after a power cut may be from before it", "[integrity]") {
    for (const bool fua : {false, true}) {
        IntegrityRig rig;
        rig.write(0, 4096, true);
        const auto stable = rig.lun;
        const auto answered = rig.begin(AccessOp::write, 0, 4096, fua);
        rig.land(answered); // And answered; then the cache is gone.
        rig.power_cut();
        rig.lun = stable;
        rig.end(answered);
        rig.read(0);
        CHECK(rig.found() == (fua ? "lost after power cut x1" : "unflushed loss x1"));
    }
}

TEST_CASE("what an earlier keeper's driver left unfenced is not fenced by another driver",
          "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto late = rig.begin(AccessOp::write, 0, 4096);
    rig.end(late, Status::timed_out, false);
    rig.restart(); // Other drivers, numbered from 0 again.
    rig.keeper->fences(0, 1);
    CHECK(rig.keeper->is_unfenced(0, 4096));
    rig.write(0);
    rig.land(late);
    rig.read(0);
    CHECK(rig.found() == "undecidable x1");
}

TEST_CASE("what was forgotten in a restart excuses an unsettled unit too", "[integrity]") {
    const tests::TemporaryFile file;
    IntegrityRig rig;
    rig.write(0);
    rig.end(rig.begin(AccessOp::write, 0, 4096), Status::lost, false);
    const auto certain = rig.begin(AccessOp::write, 0, 4096);
    rig.land(certain);
    rig.end(certain);
    rig.stop();
    rig.expectation->save(file.path(), false);
    rig.start();
    rig.write(0); // Nobody will remember.
    rig.stop();
    rig.expectation = Expectation::load(file.path());
    rig.start();
    rig.read(0);
    CHECK(rig.found().empty());
}

TEST_CASE("a FUA write in the midst of others is not forgotten in a power cut", "[integrity]") {
    IntegrityRig rig;
    rig.write(0, 4096, true);
    const auto before = rig.lun;
    const auto long_lasting = rig.begin(AccessOp::write, 0, 4096);
    rig.write(0, 4096, true); // Acknowledged and durable, beside one in flight.
    rig.write(0);
    rig.power_cut();
    rig.lun = before;
    rig.read(0);
    CHECK(rig.found() == "lost after power cut x1");
    rig.end(long_lasting, Status::lost);
}

TEST_CASE("a write that may land once more has landed, and is missed if it is not there",
          "[integrity]") {
    for (const bool older_read : {false, true}) { // It keeps the old content in mind.
        IntegrityRig rig;
        rig.write(0);
        const auto early = rig.begin(AccessOp::read, older_read ? 0 : 8192, 4096);
        rig.end(rig.begin(AccessOp::write, 0, 4096), Status::good, false);
        rig.read(0);
        CHECK(rig.found() == "stale x1");
        rig.fill(early);
        rig.end(early);
        CHECK(rig.found() == "stale x1");
    }
}

TEST_CASE("what was there before a flushed unmap does not come back", "[integrity]") {
    for (const bool zeroes : {false, true}) {
        IntegrityRig rig;
        rig.write(0);
        const auto before = rig.lun;
        const auto emptied = rig.begin(zeroes ? AccessOp::write_zeroes : AccessOp::unmap, 0, 4096);
        rig.land(emptied);
        rig.end(emptied);
        rig.flush();
        rig.write(0);
        rig.power_cut();
        rig.lun = before;
        rig.read(0);
        CHECK(rig.found() == "lost after power cut x1");
    }
}

TEST_CASE("zeros that a power cut brought back stay", "[integrity]") {
    IntegrityRig rig;
    rig.unmap(0);
    rig.flush();
    const auto stable = rig.lun;
    rig.write(0);
    const auto lost = rig.lun;
    rig.power_cut();
    rig.lun = stable;
    rig.read(0);
    CHECK(rig.found() == "unflushed loss x1");
    rig.lun = lost;
    rig.read(0);
    CHECK(rig.keeper->findings().accusations() == 1);
}
