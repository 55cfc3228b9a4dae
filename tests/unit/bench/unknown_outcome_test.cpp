// SPDX-License-Identifier: Apache-2.0
// Writes in flight, of unknown outcome, overlapping, and power cuts: nobody is accused wrongly.
#include "tests/unit/bench/integrity_rig.h"

#include <catch2/catch.hpp>

using namespace bench::integrity;
using drivers::Status;
using profiles::AccessOp;
using tests::IntegrityRig;

TEST_CASE("a read beside a write may see either, sector by sector", "[integrity]") {
    IntegrityRig rig;
    rig.write(0, 8192);
    const auto writing = rig.begin(AccessOp::write, 0, 8192);
    rig.read(0, 8192); // Old.
    rig.land(writing, 0, 1536);
    rig.read(0, 8192); // Mixed.
    const auto reading = rig.begin(AccessOp::read, 0, 8192);
    rig.fill(reading); // Still mixed, but reported after the write was acknowledged.
    rig.land(writing);
    rig.end(writing);
    rig.end(reading);
    CHECK(rig.found().empty());
    rig.read(0, 8192);
    CHECK(rig.found().empty());
}

TEST_CASE("a read begun after the acknowledgement must see the write, whatever else is in flight",
          "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto early = rig.begin(AccessOp::read, 0, 4096);
    rig.fill(early);
    rig.lost_write(0);
    rig.read(0); // Begun after: stale.
    CHECK(rig.found() == "stale x1");
    rig.end(early); // Begun before: either is right.
    CHECK(rig.found() == "stale x1");
}

TEST_CASE("a write of unknown outcome may have landed or not, until it is read", "[integrity]") {
    for (const bool landed : {false, true}) {
        IntegrityRig rig;
        rig.write(0);
        const auto io = rig.begin(AccessOp::write, 0, 4096);
        if (landed) {
            rig.land(io);
        }
        const auto old = rig.lun;
        rig.end(io, Status::lost, true);
        rig.read(0);
        CHECK(rig.found().empty());
        // Fenced and seen: from now on it must stay.
        std::fill_n(rig.lun.begin(), 4096, std::byte{0});
        rig.read(0);
        CHECK(rig.found() == "zeroed x1");
    }
}

TEST_CASE("an unfenced write that lands late makes the range undecidable, never stale",
          "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto late = rig.begin(AccessOp::write, 0, 4096);
    rig.end(late, Status::timed_out, false);
    CHECK(rig.keeper->is_unfenced(0, 4096));
    CHECK_FALSE(rig.keeper->is_unfenced(4096, 4096));
    rig.read(0);
    rig.write(0); // Rewritten before the fence.
    rig.read(0);
    CHECK(rig.found().empty());
    rig.land(late);
    rig.read(0);
    CHECK(rig.found() == "undecidable x1");
    CHECK(is_note(rig.first().kind));
}

TEST_CASE("once fenced, an unknown write cannot excuse a lost one", "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto unknown = rig.begin(AccessOp::write, 0, 4096);
    rig.end(unknown, Status::timed_out, false);
    rig.keeper->fences(0, 1);
    CHECK_FALSE(rig.keeper->is_unfenced(0, 4096));
    rig.write(0);
    rig.read(0);
    CHECK(rig.found().empty());
    rig.land(unknown);
    rig.read(0);
    CHECK(rig.found() == "stale x1");
}

TEST_CASE("an acknowledged write that may land again is not to be rewritten before its fence",
          "[integrity]") {
    for (const bool waits : {false, true}) {
        IntegrityRig rig;
        rig.write(0);
        const auto twice = rig.begin(AccessOp::write, 0, 4096); // Sent again over another path.
        rig.land(twice);
        rig.end(twice, Status::good, false);
        CHECK(rig.keeper->is_unfenced(0, 4096));
        rig.read(0);
        CHECK(rig.found().empty());
        if (waits) {
            rig.keeper->fences(0, 1);
            CHECK_FALSE(rig.keeper->is_unfenced(0, 4096));
        }
        rig.write(0);
        rig.read(0);
        CHECK(rig.found().empty());
        rig.land(twice);
        rig.read(0);
        CHECK(rig.found() == (waits ? "stale x1" : "undecidable x1"));
    }
}

TEST_CASE("an acknowledged write that may land again excuses no lost one once it is fenced",
          "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto old = rig.lun;
    const auto twice = rig.begin(AccessOp::write, 0, 4096);
    rig.land(twice);
    rig.end(twice, Status::good, false);
    rig.keeper->fences(0, 1);
    rig.read(0);
    rig.lun = old;
    rig.read(0);
    CHECK(rig.found() == "stale x1");
}

TEST_CASE("where unmap is advice a block may be zero or as it was, and nothing else",
          "[integrity]") {
    KeeperSettings settings;
    settings.unmap_is_advisory = true;
    for (const char* outcome : {"zero", "old", "wrong"}) {
        INFO(outcome);
        IntegrityRig rig(settings);
        rig.write(0);
        const auto old = rig.lun;
        rig.unmap(0);
        if (outcome != std::string("zero")) {
            rig.lun = old;
        }
        if (outcome == std::string("wrong")) {
            rig.lun[700] ^= std::byte{4};
        }
        rig.read(0);
        CHECK(rig.found().empty() == (outcome != std::string("wrong")));
    }
}

TEST_CASE("a fence of another driver fences nothing", "[integrity]") {
    IntegrityRig rig;
    const auto unknown = rig.begin(AccessOp::write, 0, 4096);
    rig.end(unknown, Status::timed_out, false);
    rig.keeper->fences(1, 1);
    CHECK(rig.keeper->is_unfenced(0, 4096));
}

TEST_CASE("of two overlapping writes either may win, but then it stays", "[integrity]") {
    for (const bool first_wins : {false, true}) {
        IntegrityRig rig;
        const auto one = rig.begin(AccessOp::write, 0, 8192);
        const auto two = rig.begin(AccessOp::write, 4096, 8192);
        rig.land(first_wins ? two : one);
        rig.land(first_wins ? one : two);
        rig.end(two);
        rig.end(one);
        rig.read(0, 16384);
        CHECK(rig.found().empty());
        rig.land(first_wins ? two : one, 4096, 4096);
        rig.read(0, 16384);
        CHECK_FALSE(rig.found().empty());
    }
}

TEST_CASE("a busy array has not written", "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto refused = rig.begin(AccessOp::write, 0, 4096);
    rig.end(refused, Status::busy);
    rig.read(0);
    CHECK(rig.found().empty());
    rig.land(refused);
    rig.read(0);
    CHECK(rig.found() == "stale x1");
    const auto held_back = rig.begin(AccessOp::write, 0, 4096);
    rig.keeper->withdrawn(held_back.slot);
    rig.write(0);
    rig.read(0);
    CHECK(rig.found() == "stale x1");
}

TEST_CASE("after a power cut flushed and FUA writes must be there", "[integrity]") {
    for (const bool fua : {false, true}) {
        IntegrityRig rig;
        rig.write(0);
        const auto before = rig.lun;
        rig.write(0, 4096, fua);
        if (!fua) {
            rig.flush();
        }
        rig.power_cut();
        rig.read(0);
        CHECK(rig.found().empty());
        rig.lun = before;
        rig.read(0);
        CHECK(rig.found() == "lost after power cut x1");
    }
}

TEST_CASE("after a power cut what was not flushed may be gone, as a note", "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    rig.flush();
    const auto flushed = rig.lun;
    rig.write(0);
    const auto older = rig.lun;
    rig.write(0);
    const auto which = GENERATE(0, 1, 2);
    rig.power_cut();
    rig.lun = which == 0 ? flushed : which == 1 ? older : rig.lun;
    rig.read(0);
    CHECK(rig.found() == (which == 2 ? "" : "unflushed loss x1"));
    CHECK(rig.keeper->findings().accusations() == 0);
    // What has been seen after the cut must stay.
    std::fill_n(rig.lun.begin(), 4096, std::byte{0});
    rig.read(0);
    CHECK(rig.keeper->findings().accusations() == 1);
}

TEST_CASE("a power cut does not excuse the loss of more than was unflushed", "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto too_old = rig.lun;
    rig.write(0);
    rig.flush();
    rig.write(0);
    rig.power_cut();
    rig.lun = too_old;
    rig.read(0);
    CHECK(rig.found() == "lost after power cut x1");
}

TEST_CASE("a flush that failed or began too early makes nothing durable", "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    rig.flush();
    const auto flushed = rig.lun;
    const auto early = rig.begin(AccessOp::flush, 0, 0);
    rig.write(0);
    rig.end(early); // Covers only what was acknowledged before it began.
    rig.end(rig.begin(AccessOp::flush, 0, 0), Status::failed);
    rig.power_cut();
    rig.lun = flushed;
    rig.read(0);
    CHECK(rig.found() == "unflushed loss x1");
}

TEST_CASE("between announcement and end of a power cut no acknowledgement is a promise",
          "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    rig.flush();
    const auto flushed = rig.lun;
    rig.expectation->announce_power_cut();
    rig.write(0);
    rig.flush();
    rig.write(4096, 4096, true);
    const auto kept = rig.lun;
    std::copy_n(flushed.begin(), 4096, rig.lun.begin());
    rig.read(0);
    rig.expectation->power_cut_done();
    rig.read(0);
    rig.read(4096);
    CHECK(rig.keeper->findings().accusations() == 0);
    std::copy_n(flushed.begin(), 8192, rig.lun.begin()); // FUA is a promise even then.
    rig.read(4096);
    CHECK(rig.keeper->findings().accusations() == 1);
}

TEST_CASE("what one keeper leaves unsettled the next one takes over", "[integrity]") {
    IntegrityRig rig;
    rig.write(0);
    const auto unknown = rig.begin(AccessOp::write, 0, 4096);
    rig.end(unknown, Status::lost, false);
    const auto in_flight = rig.begin(AccessOp::write, 8192, 4096);
    rig.restart();
    CHECK(rig.keeper->is_unfenced(0, 4096));
    rig.read(0);
    rig.land(unknown);
    rig.land(in_flight);
    rig.read(0);
    rig.read(8192);
    CHECK(rig.found().empty());
    rig.write(16384);
    rig.restart();
    std::fill_n(rig.lun.begin() + 16384, 4096, std::byte{0});
    rig.read(16384);
    CHECK(rig.found() == "zeroed x1");
}

TEST_CASE("a full side table gives units up, says so, and accuses nobody", "[integrity]") {
    KeeperSettings settings;
    settings.side_table_units = 4;
    IntegrityRig rig(settings);
    const auto big = rig.begin(AccessOp::write, 0, 65536);
    rig.land(big);
    rig.end(big);
    CHECK(rig.keeper->counts().units_given_up == 12);
    std::fill_n(rig.lun.begin(), 65536, std::byte{0});
    rig.read(0, 65536);
    CHECK(rig.found() == "zeroed x1");
    CHECK(rig.first().sectors == 32);
    CHECK(rig.keeper->counts().sectors_unchecked == 12 * 8);
}
