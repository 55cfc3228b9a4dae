// SPDX-License-Identifier: Apache-2.0
// Every kind of finding by mutation: the thing done, the finding made; not done, silence.
#include "tests/unit/bench/integrity_rig.h"

#include <catch2/catch.hpp>

using namespace bench::integrity;
using profiles::AccessOp;
using tests::IntegrityRig;

TEST_CASE("an honest LUN is silent", "[integrity]") {
    IntegrityRig rig;
    rig.read_all(); // Never written: nothing is expected.
    for (std::uint64_t at = 0; at < 65536; at += 4096) {
        rig.write(at);
        rig.write(at, 4096, true);
    }
    rig.write(131072, 65536);
    rig.flush();
    rig.unmap(8192, 8192);
    rig.read_all();
    CHECK(rig.found().empty());
    CHECK(rig.keeper->counts().sectors_checked == (65536 + 65536) / 512);
    CHECK(rig.keeper->counts().units_written == 16 * 2 + 16 + 2);
}

TEST_CASE("a lost write is stale, with what was expected and found", "[integrity]") {
    IntegrityRig rig;
    rig.write(4096);
    rig.lost_write(4096);
    rig.read(0, 16384);
    CHECK(rig.found() == "stale x1");
    CHECK(rig.first().address_bytes == 4096);
    CHECK(rig.first().sectors == 8);
    CHECK(rig.first().expected_generation == 2);
    CHECK(rig.first().found_stamp.generation == 1);
    CHECK(rig.first().written_ns != 0);
    CHECK(rig.first().acknowledged_ns > rig.first().written_ns);
    CHECK(rig.first().seen_ns > rig.first().acknowledged_ns);
    rig.read(4096);
    CHECK(rig.found() == "stale x1"); // Seen first, told once.
    rig.write(4096);
    rig.read(4096);
    CHECK(rig.found() == "stale x1");
}

TEST_CASE("a misdirected write is found at both ends, with its true address", "[integrity]") {
    IntegrityRig rig;
    rig.write(0, 65536);
    const auto io = rig.begin(AccessOp::write, 8192, 4096);
    rig.land(io, 40960, 4096);
    rig.end(io);
    rig.read_all();
    CHECK(rig.found() == "stale x1, misdirected x1");
    const Finding& finding = rig.keeper->findings().kept().at(1);
    CHECK(finding.address_bytes == 40960);
    CHECK(finding.found_stamp.address_bytes == 8192);
}

TEST_CASE("a write misdirected to where nobody wrote is found there too", "[integrity]") {
    IntegrityRig rig;
    rig.write(8192);
    const auto io = rig.begin(AccessOp::write, 8192, 4096);
    rig.land(io, 524288, 4096);
    rig.end(io);
    rig.read(524288);
    CHECK(rig.found() == "misdirected x1");
}

TEST_CASE("a torn write is torn within a unit and between units", "[integrity]") {
    for (const std::uint64_t landed : {512U, 3584U, 4096U, 32768U}) {
        IntegrityRig rig;
        rig.write(0, 65536);
        const auto io = rig.begin(AccessOp::write, 0, 65536);
        rig.land(io, 0, landed);
        rig.end(io);
        rig.read(0, 65536);
        INFO(landed << " bytes landed");
        CHECK(rig.found() == "torn x1");
        CHECK(rig.first().address_bytes == landed);
        CHECK(rig.first().sectors == (65536 - landed) / 512);
    }
}

TEST_CASE("a torn first write onto a fresh LUN is torn, not zeroed", "[integrity]") {
    IntegrityRig rig;
    const auto io = rig.begin(AccessOp::write, 0, 8192);
    rig.land(io, 0, 1024);
    rig.end(io);
    rig.read(0, 8192);
    CHECK(rig.found() == "torn x1");
}

namespace {

constexpr std::uint64_t large = 65536;

// A unit of 64 KiB, whole and written as often as asked.
IntegrityRig with_large_unit(int writes, std::vector<std::vector<std::byte>>& contents) {
    IntegrityRig rig;
    rig.stop();
    rig.expectation = std::make_unique<Expectation>(ExpectationSettings{
        .run = 0xA11CE, .size_bytes = IntegrityRig::lun_bytes, .unit_bytes = large});
    rig.start();
    for (int i = 0; i < writes; ++i) {
        rig.write(0, large);
        contents.push_back(rig.lun);
    }
    return rig;
}

} // namespace

TEST_CASE("an older piece in the midst of a large unit is stale in part, not torn", "[integrity]") {
    for (const std::uint64_t size : {512U, 4096U}) {
        for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{8192}, large - 2 * size}) {
            INFO(size << " bytes at " << at);
            std::vector<std::vector<std::byte>> contents;
            IntegrityRig rig = with_large_unit(2, contents);
            const auto from = static_cast<std::ptrdiff_t>(at);
            std::copy_n(contents[0].begin() + from, size, rig.lun.begin() + from);
            rig.read(0, large);
            CHECK(rig.found() == "stale (part) x1");
            CHECK(rig.first().address_bytes == at);
            CHECK(rig.first().sectors == size / 512);
            CHECK(rig.first().found_stamp.generation == 1);
            CHECK_FALSE(is_note(rig.first().kind));
        }
    }
}

TEST_CASE("an older piece at the end of a write is torn, unless something newer was there between",
          "[integrity]") {
    for (const int writes : {2, 3}) {
        for (const std::uint64_t size : {512U, 4096U, 32768U}) {
            INFO(writes << " writes, the last " << size << " bytes of the first");
            std::vector<std::vector<std::byte>> contents;
            IntegrityRig rig = with_large_unit(writes, contents);
            const auto from = static_cast<std::ptrdiff_t>(large - size);
            std::copy_n(contents[0].begin() + from, size, rig.lun.begin() + from);
            rig.read(0, large);
            CHECK(rig.found() == (writes == 2 ? "torn x1" : "stale (part) x1"));
        }
    }
}

TEST_CASE("a piece of a write that never was is torn, whatever its place", "[integrity]") {
    std::vector<std::vector<std::byte>> contents;
    IntegrityRig rig = with_large_unit(2, contents);
    const auto refused = rig.begin(AccessOp::write, 0, large);
    rig.end(refused, drivers::Status::busy);
    std::copy_n(refused.data->begin() + 8192, 4096, rig.lun.begin() + 8192);
    rig.read(0, large);
    CHECK(rig.found() == "torn x1");
}

TEST_CASE("an older unit in the midst of a larger write is stale in part", "[integrity]") {
    IntegrityRig rig;
    rig.write(0, 65536);
    const auto old = rig.lun;
    rig.write(0, 65536);
    std::copy_n(old.begin() + 8192, 4096, rig.lun.begin() + 8192);
    rig.read(0, 65536);
    CHECK(rig.found() == "stale (part) x1");
    CHECK(rig.first().sectors == 8);
}

TEST_CASE("another run's data is foreign", "[integrity]") {
    IntegrityRig old({}, 0xB0B);
    old.write(4096);
    IntegrityRig rig;
    rig.lun = old.lun;
    rig.lost_write(4096);
    rig.read(4096);
    CHECK(rig.found() == "foreign run x1");
    CHECK(rig.first().found_stamp.run == 0xB0B);
}

TEST_CASE("zeros where data was acknowledged are zeroed", "[integrity]") {
    IntegrityRig rig;
    rig.write(4096);
    std::fill_n(rig.lun.begin() + 4096, 4096, std::byte{0});
    rig.read(4096);
    CHECK(rig.found() == "zeroed x1");
}

TEST_CASE("flipped bits are corrupted and counted", "[integrity]") {
    IntegrityRig rig;
    rig.write(4096);
    rig.lun[4096 + 1024 + 100] ^= std::byte{0x11};
    rig.lun[4096 + 1024 + 200] ^= std::byte{0x01};
    rig.read(4096);
    CHECK(rig.found() == "corrupted x1");
    CHECK(rig.first().damage.bits == 3);
    CHECK(rig.first().damage.first_byte == 100);
    CHECK(rig.first().damage.last_byte == 200);
    CHECK(rig.first().address_bytes == 4096 + 1024);
}

TEST_CASE("a flipped bit in the header is corrupted, not misdirected or foreign", "[integrity]") {
    for (const std::size_t byte : {3U, 9U, 17U, 25U, 33U, 41U, 45U}) {
        IntegrityRig rig;
        rig.write(4096);
        rig.lun[4096 + byte] ^= std::byte{0x40};
        rig.read(4096);
        INFO("byte " << byte);
        CHECK(rig.found() == "corrupted x1");
        CHECK(rig.first().damage.bits == 1);
        CHECK(rig.first().damage.first_byte == byte);
    }
}

TEST_CASE("unmapped and zeroed blocks must read zero", "[integrity]") {
    for (const AccessOp op : {AccessOp::unmap, AccessOp::write_zeroes}) {
        IntegrityRig rig;
        rig.write(4096);
        rig.end(rig.begin(op, 4096, 4096)); // Acknowledged, not done.
        rig.read(4096);
        CHECK(rig.found() == "unmapped but not zero x1");
        rig.unmap(4096);
        rig.read(4096);
        CHECK(rig.found() == "unmapped but not zero x1");
    }
}

TEST_CASE("an unmap promises nothing where the LUN does not, nor below its granularity",
          "[integrity]") {
    for (const bool promises : {false, true}) {
        KeeperSettings settings;
        settings.unmapped_reads_zero = promises;
        settings.unmap_granularity_bytes = 16384;
        IntegrityRig rig(settings);
        rig.write(0, 65536);
        rig.end(rig.begin(AccessOp::unmap, 4096, 36864)); // Bytes 16384 .. 32767 are whole.
        rig.read(0, 65536);
        CHECK(rig.found() == (promises ? "unmapped but not zero x1" : ""));
    }
}

TEST_CASE("duplicate contents are checked by content", "[integrity]") {
    IntegrityRig rig;
    profiles::Access access;
    access.op = AccessOp::write;
    access.kind = profiles::Content::duplicate;
    access.offset_bytes = 8192;
    access.size_bytes = 8192;
    access.content = 5;
    auto io = rig.begin(access);
    rig.land(io);
    rig.end(io);
    access.offset_bytes = 32768;
    const auto copy = rig.begin(access);
    CHECK(*copy.data == *io.data); // Truly a duplicate.
    rig.land(copy);
    rig.end(copy);
    rig.read(0, 65536);
    CHECK(rig.found().empty());
    rig.lun[8192 + 5000] ^= std::byte{6};
    rig.read(8192);
    rig.read(8192 + 4096);
    CHECK(rig.found() == "corrupted x1");
    CHECK(rig.first().damage.bits == 2);
    access.content = 9;
    rig.end(rig.begin(access));
    rig.read(32768, 8192);
    CHECK(rig.found() == "stale x2, corrupted x1"); // Two entries, two findings.
}

TEST_CASE("findings become records with address, expected, found, cut-out and timeline",
          "[integrity]") {
    IntegrityRig rig;
    for (int i = 0; i < 40; ++i) {
        const auto at = static_cast<std::uint64_t>(i) * 8192;
        rig.write(at);
        rig.lost_write(at);
        rig.read(at);
    }
    const auto records =
        records_of(rig.keeper->findings(), {.utc_minus_monotonic_ns = 1'000'000'000}, "left");
    REQUIRE(records.size() == 26); // 25 whole, the others counted.
    CHECK(records[0].kind == "stale");
    CHECK(records[0].severity == "finding");
    CHECK(records[0].array == "left");
    CHECK(records[0].details.at("address_bytes") == "0");
    CHECK(records[0].details.at("expected") == "generation 2");
    CHECK(records[0].details.count("expected_written") == 1);
    CHECK(records[0].details.at("found").find("generation 1") != std::string::npos);
    CHECK(records[0].cutout.size() > 512 * 3);
    CHECK(records[0].at_utc_ns > 101'000'000'000);
    CHECK(records[25].summary == "15 more of this kind were counted");
}
