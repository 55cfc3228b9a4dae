// SPDX-License-Identifier: Apache-2.0
// The units behind the portal, without sockets: reservations, personas and access states as senses.
#include "drivers/array/scsi_target.h"
#include "drivers/wire/scsi_cdb.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drivers::array;
using namespace std::chrono_literals;
using drivers::TimePoint;
using drivers::wire::scsi::Sense;
using drivers::wire::scsi::SenseKey;
using drivers::wire::scsi::Status;
namespace code = drivers::wire::scsi::code;
namespace wire = drivers::wire;

namespace {

ArraySettings two_controllers() {
    ArraySettings settings;
    settings.controllers = 2;
    settings.symmetric = false;
    VolumeSettings volume;
    volume.identity = {"ARRBENCH", "TEST", "0001", "T0", "62f0a1b2c3d4e5f60000000000000001"};
    volume.block_count = 8192;
    settings.volumes.push_back(volume);
    return settings;
}

struct Units {
    ArrayCore core{two_controllers()};
    BufferPool pool{std::size_t{64} << 20U};
    ScsiTarget target{core, pool};
    NexusId first = target.open_nexus({"iqn.first", 1, 0}).value();
    NexusId second = target.open_nexus({"iqn.second", 2, 1}).value();
    TimePoint now{1000s};

    Units() {
        target.take_attention(first, 0);
        target.take_attention(second, 0);
    }

    ScsiReply run(NexusId nexus,
                  std::initializer_list<unsigned> cdb_bytes,
                  std::uint64_t expected = 0,
                  std::vector<std::byte> out = {}) {
        std::array<std::byte, 16> cdb{};
        std::transform(cdb_bytes.begin(), cdb_bytes.end(), cdb.begin(), [](unsigned value) {
            return static_cast<std::byte>(value);
        });
        ScsiRequest request;
        request.cdb = cdb;
        request.lun = lun;
        request.nexus = nexus;
        request.expected_bytes = out.empty() ? expected : out.size();
        request.data_out = out;
        ScsiReply reply;
        target.execute(request, reply, now);
        return reply;
    }
    ScsiReply reserve(NexusId nexus, unsigned action, unsigned type, unsigned key, unsigned other) {
        std::vector<std::byte> list(24);
        wire::store_be64(list, 0, key);
        wire::store_be64(list, 8, other);
        return run(nexus, {0x5F, action, type, 0, 0, 0, 0, 0, 24}, 0, list);
    }
    ScsiReply read(NexusId nexus, unsigned lba, std::uint64_t expected = 512) {
        return run(nexus, {0x28, 0, 0, 0, 0, lba, 0, 0, 1}, expected);
    }
    ScsiReply write(NexusId nexus, unsigned lba) {
        return run(nexus,
                   {0x2A, 0, 0, 0, 0, lba, 0, 0, 1},
                   0,
                   std::vector<std::byte>(512, std::byte{0x5A}));
    }
    void strike(FaultEvent event) { REQUIRE(core.apply(event, now) == ""); }

    std::optional<std::uint16_t> lun = 0;
};

Sense sense_of(const ScsiReply& reply) {
    return wire::scsi::parse_sense(reply.sense.view()).value_or(Sense{});
}

FaultEvent event(Fault fault) {
    FaultEvent out;
    out.fault = fault;
    return out;
}

} // namespace

TEST_CASE("a write-exclusive reservation lets others read and not write", "[scsi_target]") {
    Units units;
    CHECK(units.reserve(units.first, 0, 0, 0, 11).status == Status::good);
    CHECK(units.reserve(units.first, 1, 1, 11, 0).status == Status::good);
    CHECK(units.write(units.first, 0).status == Status::good);
    CHECK(units.read(units.second, 0).status == Status::good);
    CHECK(units.write(units.second, 0).status == Status::reservation_conflict);
    CHECK(units.reserve(units.second, 1, 1, 0, 0).status == Status::reservation_conflict);
    CHECK(units.reserve(units.first, 2, 1, 11, 0).status == Status::good);
    CHECK(units.write(units.second, 0).status == Status::good);
}

TEST_CASE("who preempts takes the reservation, and the preempted hear of it once",
          "[scsi_target]") {
    Units units;
    units.reserve(units.first, 0, 0, 0, 11);
    units.reserve(units.first, 1, 3, 11, 0);
    units.reserve(units.second, 0, 0, 0, 22);
    CHECK(units.read(units.second, 0).status == Status::reservation_conflict);
    CHECK(units.reserve(units.second, 5, 3, 22, 11).status == Status::good); // And abort.
    CHECK(units.target.take_aborts().size() == 1);
    CHECK(units.read(units.second, 0).status == Status::good);
    const ScsiReply told = units.read(units.first, 0);
    CHECK(sense_of(told).code == code::registrations_preempted);
    CHECK(units.read(units.first, 0).status == Status::reservation_conflict);
}

TEST_CASE("reservations outlive a session and end with the power", "[scsi_target]") {
    Units units;
    units.reserve(units.first, 0, 0, 0, 11);
    units.reserve(units.first, 1, 1, 11, 0);
    units.target.close_nexus(units.first);
    CHECK(units.write(units.second, 0).status == Status::reservation_conflict);
    CHECK(units.target.open_nexus({"iqn.first", 1, 0}) == units.first); // Known by its name.
    units.target.power_cut();
    CHECK(sense_of(units.write(units.second, 0)).code == code::power_on_or_reset);
    CHECK(units.write(units.second, 0).status == Status::good);
}

TEST_CASE("a block that cannot be read is named, and a full queue says so", "[scsi_target]") {
    Units units;
    units.write(units.first, 5);
    FaultEvent bad = event(Fault::medium_error);
    bad.lun = 0;
    bad.lba = 5;
    bad.block_count = 1;
    units.strike(bad);
    const ScsiReply reply = units.read(units.first, 5);
    CHECK(sense_of(reply).key == SenseKey::medium_error);
    CHECK(sense_of(reply).code == code::unrecovered_read_error);
    CHECK(sense_of(reply).information == 5);
    CHECK(reply.data_in_bytes == 0);
    CHECK(units.read(units.first, 6).status == Status::good);
    FaultEvent full = event(Fault::queue_full);
    full.next = 1;
    units.strike(full);
    CHECK(units.read(units.first, 6).status == Status::task_set_full);
    CHECK(units.read(units.first, 6).status == Status::good);
}

TEST_CASE("a failover shows as transition, then as new access states", "[scsi_target]") {
    Units units;
    FaultEvent failover = event(Fault::failover);
    failover.controller = 0;
    failover.transition = 3s;
    units.strike(failover);
    const ScsiReply busy = units.run(units.second, {0x00});
    CHECK(sense_of(busy).key == SenseKey::not_ready);
    CHECK(sense_of(busy).code == code::state_transition);
    CHECK(sense_of(units.run(units.first, {0x00})).code == code::unavailable_state);
    const auto groups = [&units] { // State of each group, as REPORT TARGET PORT GROUPS has it.
        const ScsiReply reply = units.run(units.second, {0xA3, 0x0A, 0, 0, 0, 0, 0, 0, 1, 0}, 256);
        REQUIRE(reply.data_in_bytes == 28);
        return std::pair{std::to_integer<unsigned>(reply.data_in.bytes()[4] & std::byte{0xF}),
                         std::to_integer<unsigned>(reply.data_in.bytes()[16] & std::byte{0xF})};
    };
    CHECK(groups() == std::pair{0x3U, 0xFU});
    units.now += 3s;
    units.core.advance(units.now);
    CHECK(groups() == std::pair{0x3U, 0x0U});
    CHECK(units.read(units.second, 0).status == Status::good);
}

TEST_CASE("residuals are counted from the command's own length", "[scsi_target]") {
    Units units;
    const ScsiReply less = units.read(units.first, 0, 100);
    CHECK(less.data_in_bytes == 100);
    CHECK(less.wanted_bytes == 512);
    const ScsiReply more = units.read(units.first, 0, 10000);
    CHECK(more.data_in_bytes == 512);
    CHECK(more.wanted_bytes == 512);
    const ScsiReply page = units.run(units.first, {0x12, 0, 0, 0, 36}, 255);
    CHECK(page.data_in_bytes == 36);
}

TEST_CASE("a LUN without a unit is told from one that has", "[scsi_target]") {
    Units units;
    units.lun = 7;
    CHECK(sense_of(units.run(units.first, {0x00})).code == code::unit_not_supported);
    const ScsiReply nobody = units.run(units.first, {0x12, 0, 0, 0, 36}, 36);
    REQUIRE(nobody.data_in_bytes == 36);
    CHECK(nobody.data_in.bytes()[0] == std::byte{0x7F});
    units.lun.reset();
    CHECK(units.run(units.first, {0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 64}, 64).data_in_bytes == 16);
}
