// SPDX-License-Identifier: Apache-2.0
// What hostile and clumsy initiators do to a portal: at worst their own connection ends.
#include "tests/unit/drivers/iscsi_raw_initiator.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace tests;
using drivers::wire::iscsi::make_header;
using drivers::wire::iscsi::no_tag;
using drivers::wire::scsi::SenseKey;
namespace code = drivers::wire::scsi::code;

namespace {

const std::string unsolicited_text("InitialR2T=No\0FirstBurstLength=4096\0", 36);
const std::string solicited_text("InitialR2T=Yes\0ImmediateData=No\0MaxBurstLength=65536\0", 53);
const std::string digests_text("HeaderDigest=CRC32C\0DataDigest=CRC32C\0", 38);

std::array<std::byte, 16> range_cdb(unsigned operation, unsigned lba, unsigned blocks) {
    std::array<std::byte, 16> cdb{};
    cdb[0] = static_cast<std::byte>(operation);
    drivers::wire::store_be64(cdb, 2, lba);
    drivers::wire::store_be32(cdb, 10, blocks);
    return cdb;
}
constexpr unsigned read_16 = 0x88;
constexpr unsigned write_16 = 0x8A;
constexpr std::uint8_t reads = flag::final | flag::read;
constexpr std::uint8_t writes = flag::final | flag::write;

std::vector<std::byte> pattern(std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::mt19937 random(7);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
    return bytes;
}

unsigned pick(std::mt19937_64& random, unsigned below) {
    return static_cast<unsigned>(random() % below);
}

// A well-behaved initiator still gets in and is served.
void check_still_serves(PortalOnLoopback& portal) {
    RawInitiator fresh(portal);
    REQUIRE(fresh.login({}, 99));
    fresh.clear_attention();
    fresh.send(fresh.command(reads, 512, range_cdb(read_16, 0, 1)));
    const auto answer = fresh.receive();
    REQUIRE(answer);
    CHECK(answer->header.opcode() == Opcode::data_in);
    CHECK(answer->data.size() == 512);
}

BasicHeader data_out(std::uint32_t task_tag, std::uint32_t transfer_tag, std::uint32_t offset) {
    BasicHeader header = make_header(Opcode::data_out, flag::final, task_tag);
    header.set(Word::target_transfer_tag, transfer_tag);
    header.set(Word::buffer_offset, offset);
    return header;
}

} // namespace

TEST_CASE("what was written burst by burst reads back, digests or not", "[iscsi_portal]") {
    const bool digests = GENERATE(false, true);
    PortalOnLoopback portal;
    RawInitiator host(portal);
    REQUIRE(host.login(solicited_text + (digests ? digests_text : "")));
    if (digests) {
        host.use_digests();
    }
    host.clear_attention();
    const auto bytes = pattern(300 * 512);
    host.send(host.command(writes, 300 * 512, range_cdb(write_16, 8, 300)));
    std::size_t asked = 0;
    while (true) {
        const auto pdu = host.receive();
        REQUIRE(pdu);
        if (pdu->header.opcode() != Opcode::ready_to_transfer) {
            CHECK(pdu->header.byte(3) == 0);
            break;
        }
        CHECK(pdu->header.get(Word::buffer_offset) == asked);
        const std::size_t size = pdu->header.get(Word::desired_bytes);
        CHECK(size <= 65536);
        const std::size_t half = size / 2 + 1; // Two PDUs, the first of odd length.
        BasicHeader first = data_out(host.task_tag,
                                     pdu->header.get(Word::target_transfer_tag),
                                     static_cast<std::uint32_t>(asked));
        first.set_byte(1, 0);
        host.send(first, Bytes(bytes).subspan(asked, half));
        BasicHeader second = data_out(host.task_tag,
                                      pdu->header.get(Word::target_transfer_tag),
                                      static_cast<std::uint32_t>(asked + half));
        second.set(Word::data_sn, 1);
        host.send(second, Bytes(bytes).subspan(asked + half, size - half));
        asked += size;
    }
    CHECK(asked == bytes.size());
    host.send(host.command(reads, 300 * 512, range_cdb(read_16, 8, 300)));
    std::vector<std::byte> back;
    while (back.size() < bytes.size()) {
        const auto pdu = host.receive();
        REQUIRE(pdu);
        REQUIRE(pdu->header.opcode() == Opcode::data_in);
        CHECK(pdu->data.size() <= 8192); // What this initiator declared by saying nothing.
        CHECK(pdu->header.get(Word::buffer_offset) == back.size());
        back.insert(back.end(), pdu->data.begin(), pdu->data.end());
    }
    CHECK(back == bytes);
}

TEST_CASE("a PDU cut short by the end of the connection harms nobody", "[iscsi_portal]") {
    PortalOnLoopback portal;
    for (const std::size_t length : {1U, 47U, 48U, 60U}) {
        RawInitiator host(portal);
        REQUIRE(host.login());
        BasicHeader header = host.command(writes, 4096, range_cdb(write_16, 0, 8));
        header.set_data_bytes(4096);
        std::vector<std::byte> bytes(header.bytes.begin(), header.bytes.end());
        bytes.resize(64);
        host.send(Bytes(bytes).first(length));
        CHECK(host.is_silent());
    }
    check_still_serves(portal);
}

TEST_CASE("a PDU longer than agreed ends the connection", "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator host(portal);
    REQUIRE(host.login());
    BasicHeader header = host.command(writes, 0xFFFFFF, range_cdb(write_16, 0, 8));
    header.set_data_bytes(0xFFFFFF);
    host.send(header.bytes);
    CHECK(host.is_closed());
    RawInitiator impatient(portal); // And before login nothing but a login may come.
    impatient.send(impatient.command(reads, 512, range_cdb(read_16, 0, 1)));
    CHECK(impatient.is_closed());
    check_still_serves(portal);
}

TEST_CASE("a wrong header digest closes, a wrong data digest is rejected first", "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator head(portal);
    REQUIRE(head.login(digests_text));
    std::vector<std::byte> bytes(52); // A header whose digest is zero.
    head.send(bytes);
    CHECK(head.is_closed());

    RawInitiator body(portal);
    REQUIRE(body.login(digests_text));
    const BasicHeader nop = [] {
        BasicHeader header = make_header(Opcode::nop_out, flag::final, 5);
        header.set_byte(0, 0x40);
        header.set_data_bytes(4);
        return header;
    }();
    std::vector<std::byte> out(nop.bytes.begin(), nop.bytes.end());
    const auto digest = drivers::wire::crc32c_wire_bytes(drivers::wire::crc32c(nop.bytes));
    out.insert(out.end(), digest.begin(), digest.end());
    out.resize(out.size() + 8); // Data and a digest that does not fit.
    body.send(out);
    body.use_digests();
    const auto rejected = body.receive();
    REQUIRE(rejected);
    CHECK(rejected->header.opcode() == Opcode::reject);
    CHECK(rejected->header.byte(2) == 0x02);
    CHECK(body.is_closed());
    check_still_serves(portal);
}

TEST_CASE("more unsolicited data than agreed aborts the command, not the session",
          "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator host(portal);
    REQUIRE(host.login(unsolicited_text));
    host.clear_attention();
    host.send(host.command(writes, 8192, range_cdb(write_16, 0, 16)), pattern(4608));
    const auto immediate = host.receive();
    REQUIRE(immediate);
    CHECK(immediate->header.byte(3) == 0x02);
    CHECK(immediate->sense()->code == code::unexpected_unsolicited_data);
    host.send(host.command(flag::write, 8192, range_cdb(write_16, 0, 16)));
    host.send(data_out(host.task_tag, no_tag, 0), pattern(4608));
    const auto later = host.receive();
    REQUIRE(later);
    CHECK(later->sense()->key == SenseKey::aborted_command);
    host.send(data_out(host.task_tag, no_tag, 4608), pattern(512)); // Still under way: ignored.
    CHECK(host.is_silent());
    host.send(host.command(reads, 512, range_cdb(read_16, 0, 1)));
    CHECK(host.receive()->data == std::vector<std::byte>(512)); // Nothing of it was written.
}

TEST_CASE("data for a task that is not there is rejected", "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator host(portal);
    REQUIRE(host.login());
    for (const std::uint32_t tag : {no_tag, 0U, 0x00FF0000U, 0xFFFE0000U}) {
        host.send(data_out(0xDEAD, tag, 0), pattern(512));
        const auto answer = host.receive();
        REQUIRE(answer);
        CHECK(answer->header.opcode() == Opcode::reject);
        CHECK(answer->data.size() == 48);
    }
    host.send(data_out(0xDEAD, 3, 0), pattern(100000)); // Too long for the staging area.
    CHECK(host.receive()->header.opcode() == Opcode::reject);
    host.send(make_header(Opcode::snack_request, flag::final, 1));
    CHECK(host.receive()->header.byte(2) == 0x03);
    check_still_serves(portal);
}

TEST_CASE("commands run in the order of their numbers, within the window", "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator host(portal);
    REQUIRE(host.login());
    host.clear_attention();
    const BasicHeader first = host.command(reads, 512, range_cdb(read_16, 0, 1));
    const BasicHeader second = host.command(reads, 512, range_cdb(read_16, 1, 1));
    host.send(second);
    CHECK(host.is_silent());
    host.send(first);
    CHECK(host.receive()->header.task_tag() == first.task_tag());
    CHECK(host.receive()->header.task_tag() == second.task_tag());
    host.send(second); // Its number has passed.
    BasicHeader far = host.command(reads, 512, range_cdb(read_16, 2, 1));
    far.set(Word::cmd_sn, host.cmd_sn + 5000);
    host.send(far);
    CHECK(host.is_silent());
}

TEST_CASE("an aborted write wants its data no more", "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator host(portal);
    REQUIRE(host.login(solicited_text));
    host.clear_attention();
    host.send(host.command(writes, 4096, range_cdb(write_16, 0, 8)));
    const auto r2t = host.receive();
    REQUIRE(r2t->header.opcode() == Opcode::ready_to_transfer);
    BasicHeader abort = make_header(Opcode::task_management_request, 0x81, 0x9000);
    abort.set_byte(0, 0x42);
    abort.set(Word::referenced_task_tag, host.task_tag);
    abort.set(Word::cmd_sn, host.cmd_sn);
    host.send(abort);
    CHECK(host.receive()->header.byte(2) == 0);
    host.send(data_out(host.task_tag, r2t->header.get(Word::target_transfer_tag), 0),
              pattern(4096));
    CHECK(host.is_silent());
    host.send(abort);
    CHECK(host.receive()->header.byte(2) == 1); // No such task any more.
    host.send(host.command(reads, 512, range_cdb(read_16, 0, 1)));
    CHECK(host.receive()->data == std::vector<std::byte>(512));
}

TEST_CASE("the same port logging in again takes the place of its old session", "[iscsi_portal]") {
    PortalOnLoopback portal;
    RawInitiator old(portal);
    REQUIRE(old.login({}, 7));
    RawInitiator again(portal);
    REQUIRE(again.login({}, 7));
    CHECK(old.is_closed());
    RawInitiator other(portal);
    REQUIRE(other.login({}, 8));
    CHECK(again.is_silent());
    CHECK(portal.node.sessions.size() == 2);
}

TEST_CASE("noise after a login ends in a closed connection at worst", "[iscsi_portal]") {
    PortalOnLoopback portal;
    std::mt19937_64 random(20260101);
    for (int round = 0; round < 150; ++round) {
        RawInitiator host(portal);
        REQUIRE(host.login(round % 2 == 0 ? unsolicited_text : "", 3));
        for (int i = 0; i < 40; ++i) {
            BasicHeader header =
                host.command(static_cast<std::uint8_t>(random()),
                             static_cast<std::uint32_t>(random() % 20000),
                             range_cdb(pick(random, 256), pick(random, 4), pick(random, 9)));
            const std::size_t touched = random() % 6;
            for (std::size_t k = 0; k < touched; ++k) { // Not the length of additional headers.
                const std::size_t at = random() % 48;
                header.set_byte(at == 4 ? 0 : at, random());
            }
            host.send(header, pattern(random() % 3 == 0 ? random() % 5000 : 0));
        }
        for (int turns = 0; turns < 50; ++turns) {
            portal.context.poll();
        }
    }
    check_still_serves(portal);
    CHECK(portal.node.pool.lent_bytes() == 0); // Nothing is held for the dead.
}
