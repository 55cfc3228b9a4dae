// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver against targets that are dead, slow, lying or vanishing: it ends within its
// bounds, each request exactly once, and never crashes.
#include "drivers/api/errors.h"
#include "tests/contract/iscsi_ordeal.h"

#include <catch2/catch.hpp>

using drivers::Completion;
using drivers::DriverEnd;
using drivers::Op;
using drivers::Status;
using drivers::iscsi::IscsiDriver;
using tests::clock_of_test;
using tests::Header;
using tests::is_command;
using tests::Ordeal;
using tests::ScriptedTarget;
using tests::settings_for;
using tests::TargetLink;
using namespace std::chrono_literals;
namespace wire = drivers::wire;

namespace {

// What opening ends with; empty = it opened. Always within a bound.
std::string opening_fails_with(const ScriptedTarget& target) {
    const auto begin = std::chrono::steady_clock::now();
    std::string what;
    try {
        const IscsiDriver driver(settings_for(target), clock_of_test());
    } catch (const drivers::ArrayError& error) {
        what = error.what();
    }
    CHECK(std::chrono::steady_clock::now() - begin < 3s);
    return what;
}

} // namespace

TEST_CASE("an honest scripted target is served well", "[contract][iscsi][hostile]") {
    Ordeal honest([](TargetLink&) { return false; });
    CHECK(honest.run(Op::read, 4096).status == Status::good);
    CHECK(honest.buffer == std::vector<std::byte>(4096));
    CHECK(honest.run(Op::write, 4096).status == Status::good);
}

TEST_CASE("a portal that never answers is given up in time", "[contract][iscsi][hostile]") {
    const ScriptedTarget deaf([](TargetLink&) { return true; }, false);
    CHECK(opening_fails_with(deaf).find("no login within") != std::string::npos);
    const ScriptedTarget mute([](TargetLink&) { return true; });
    CHECK(opening_fails_with(mute).find("no login within") != std::string::npos);
}

TEST_CASE("a target that is silent after login is given up in time", "[contract][iscsi][hostile]") {
    const ScriptedTarget target([](TargetLink& link) { return link.opcode() != 0x03; });
    CHECK(opening_fails_with(target).find("did not answer in time") != std::string::npos);
}

TEST_CASE("an endless login ends", "[contract][iscsi][hostile]") {
    const ScriptedTarget target([](TargetLink& link) {
        Header again = link.answer(0x23, 0x04); // Still negotiating, always.
        wire::store_be32(again, 20, 0);
        link.send(again);
        return true;
    });
    CHECK_FALSE(opening_fails_with(target).empty());
}

TEST_CASE("login texts against the rules end the login", "[contract][iscsi][hostile]") {
    const ScriptedTarget unterminated([](TargetLink& link) {
        link.accept_login("MaxRecvDataSegmentLength=99999999999999999999");
        return true;
    });
    CHECK_FALSE(opening_fails_with(unterminated).empty());
    const ScriptedTarget hangs_up([](TargetLink&) -> bool { throw ScriptedTarget::Hangup(); });
    CHECK_FALSE(opening_fails_with(hangs_up).empty());
    const ScriptedTarget garbage([](TargetLink& link) {
        link.send_raw(std::vector<std::byte>(4096, std::byte{0xa7}));
        return true;
    });
    CHECK_FALSE(opening_fails_with(garbage).empty());
}

TEST_CASE("a connection closed in the middle of data loses the request, and is reinstated",
          "[contract][iscsi][hostile]") {
    int reads = 0;
    Ordeal ordeal([&reads](TargetLink& link) {
        if (!is_command(link) || ++reads > 1) {
            return false;
        }
        Header half = link.answer(0x25, 0x81);
        wire::store_be24(half, 5, 4096);
        link.send_raw(half);
        link.send_raw(std::vector<std::byte>(1000));
        throw ScriptedTarget::Hangup();
    });
    const Completion lost = ordeal.run(Op::read, 4096);
    CHECK(lost.status == Status::lost);
    CHECK(lost.fenced); // A read changes nothing.
    std::array<Completion, 1> none{};
    const auto begin = std::chrono::steady_clock::now();
    while (ordeal.driver.fences() == 0) {
        REQUIRE(std::chrono::steady_clock::now() - begin < 3s);
        CHECK(ordeal.driver.poll(none) == 0);
    }
    CHECK(ordeal.target.connections() == 2);
    CHECK(ordeal.run(Op::read, 4096).status == Status::good);
}

TEST_CASE("a write lost with its session is not fenced", "[contract][iscsi][hostile]") {
    Ordeal ordeal([](TargetLink& link) -> bool {
        if (is_command(link)) {
            throw ScriptedTarget::Hangup();
        }
        return false;
    });
    const Completion lost = ordeal.run(Op::write, 4096);
    CHECK(lost.status == Status::lost);
    CHECK_FALSE(lost.fenced);
}

TEST_CASE("an answer to somebody else's tag answers nothing: the abort ends the request",
          "[contract][iscsi][hostile]") {
    Ordeal ordeal([](TargetLink& link) {
        if (!is_command(link)) {
            return false;
        }
        Header stray = link.scsi_response(0);
        wire::store_be32(stray, 16, 0x12345678);
        link.send(stray);
        return true;
    });
    const Completion aborted = ordeal.run(Op::write, 4096);
    CHECK(aborted.status == Status::timed_out);
    CHECK(aborted.fenced); // The target acknowledged the abort.
    CHECK(ordeal.driver.counts().aborted == 1);
    CHECK(ordeal.driver.counts().sessions_lost == 0);
}

TEST_CASE("an abort that is refused, or never answered, closes the session",
          "[contract][iscsi][hostile]") {
    const bool refuses = GENERATE(true, false);
    Ordeal ordeal([refuses](TargetLink& link) {
        if (link.opcode() == 0x02 && refuses) {
            Header no = link.answer(0x22, 0x80);
            wire::store_u8(no, 2, 0xff);
            link.send(no);
        }
        return true;
    });
    const Completion done = ordeal.run(Op::write, 4096);
    CHECK(done.status == Status::timed_out);
    CHECK_FALSE(done.fenced);
    CHECK(ordeal.driver.counts().sessions_lost == 1);
}

TEST_CASE("a late answer that overtakes its abort is the answer", "[contract][iscsi][hostile]") {
    Ordeal ordeal([held = Header{}](TargetLink& link) mutable {
        if (is_command(link)) {
            held = link.scsi_response(0);
            return true;
        }
        link.send(held); // Then the abort is answered honestly.
        return false;
    });
    CHECK(ordeal.run(Op::write, 4096).status == Status::good);
    CHECK(ordeal.driver.counts().sessions_lost == 0);
    CHECK(ordeal.driver.counts().timed_out == 1);
}

TEST_CASE("a read that the target says it cut short is no good read",
          "[contract][iscsi][hostile]") {
    Ordeal ordeal([](TargetLink& link) {
        if (!is_command(link)) {
            return false;
        }
        Header less = link.answer(0x25, 0x83); // Underflow.
        wire::store_be32(less, 44, 3584);
        link.send(less, std::vector<std::byte>(512));
        return true;
    });
    CHECK(ordeal.run(Op::read, 4096).status == Status::failed);
}

TEST_CASE("more data than asked for, or beside the buffer, is not taken",
          "[contract][iscsi][hostile]") {
    const int kind = GENERATE(0, 1, 2);
    Ordeal ordeal([kind](TargetLink& link) {
        if (!is_command(link)) {
            return false;
        }
        Header data = link.answer(0x25, 0x81);
        if (kind == 0) { // Too long a segment.
            link.send(data, std::vector<std::byte>(8192));
        } else if (kind == 1) { // Behind the end.
            wire::store_be32(data, 40, 4096);
            link.send(data, std::vector<std::byte>(512));
        } else { // Before the beginning, if added carelessly.
            wire::store_be32(data, 40, 0xfffffe00);
            link.send(data, std::vector<std::byte>(512));
        }
        return true;
    });
    CHECK(ordeal.run(Op::read, 4096).status == Status::lost);
    CHECK(ordeal.driver.ended() == DriverEnd::broke_protocol);
    CHECK_THAT(std::string(ordeal.driver.end_reason()),
               Catch::Contains("the array broke the protocol"));
}

TEST_CASE("data for a write, requests for data nobody has, rejects and rubbish end the session",
          "[contract][iscsi][hostile]") {
    const int kind = GENERATE(0, 1, 2, 3, 4);
    CAPTURE(kind);
    Ordeal ordeal([kind](TargetLink& link) {
        if (!is_command(link)) {
            return false;
        }
        Header pdu = link.answer(kind == 1 ? 0x31 : kind == 2 ? 0x3f : 0x25, 0x80);
        if (kind == 0) { // Data-In without data or status, for a write.
            link.send(pdu);
            return true;
        }
        if (kind == 1) { // R2T behind the end of the buffer.
            wire::store_be32(pdu, 20, 1);
            wire::store_be32(pdu, 40, 1 << 20);
            wire::store_be32(pdu, 44, 65536);
            link.send(pdu);
            return true;
        }
        if (kind == 2) { // Reject, with our header.
            wire::store_u8(pdu, 2, 0x04);
            wire::store_be32(pdu, 16, 0xffffffff);
            link.send(pdu, {link.request.begin(), link.request.end()});
            return true;
        }
        if (kind == 3) {
            link.send_raw(std::vector<std::byte>(48, std::byte{0xff}));
            return true;
        }
        wire::store_u8(pdu, 4, 8); // An additional header segment that does not come.
        link.send(pdu);
        return true;
    });
    const Completion done = ordeal.run(Op::write, 65536);
    CHECK(done.status == Status::lost);
    CHECK_FALSE(done.fenced);
    // A reject says that this end was wrong; all else no target may do.
    CHECK((ordeal.driver.ended() == DriverEnd::broke_protocol) == (kind != 2));
}

TEST_CASE("success before the data was sent ends the write once", "[contract][iscsi][hostile]") {
    Ordeal ordeal([](TargetLink& link) {
        if (is_command(link)) {
            Header ask = link.answer(0x31, 0x80); // R2T for all of it, then "done" at once.
            wire::store_be32(ask, 20, 1);
            wire::store_be32(ask, 40, 8192);
            wire::store_be32(ask, 44, (8U << 20U) - 8192);
            link.send(ask);
            link.send(link.scsi_response(0));
        }
        return true;
    });
    const Completion done = ordeal.run(Op::write, std::size_t{8} << 20U);
    CHECK(done.status == Status::good);
}

TEST_CASE("statuses and senses keep their meaning", "[contract][iscsi][hostile]") {
    int attentions = 0;
    Ordeal ordeal([&attentions](TargetLink& link) {
        switch (wire::load_be32(link.request, 42)) { // By the length asked for.
        case 1:
            link.send(link.scsi_response(0x08));
            break;
        case 2:
            link.send(link.scsi_response(0x28));
            break;
        case 3:
            link.send(link.scsi_response(0x18));
            break;
        case 4:
            link.send_sense(0x03, 0x11, 0x00);
            break;
        case 5: // CHECK CONDITION without a word.
            link.send(link.scsi_response(0x02));
            break;
        case 6: // With half a word.
            link.send(link.scsi_response(0x02), std::vector<std::byte>(3, std::byte{0x70}));
            break;
        case 7:
            if (++attentions == 1) {
                link.send_sense(0x06, 0x29, 0x00);
                break;
            }
            return false;
        default: // One unit attention after the other.
            link.send_sense(0x06, 0x2a, 0x09);
        }
        return true;
    });
    CHECK(ordeal.run(Op::read, 512).status == Status::busy);
    CHECK(ordeal.run(Op::read, 1024).status == Status::busy);
    const Completion conflict = ordeal.run(Op::read, 1536);
    CHECK(conflict.status == Status::failed);
    CHECK(conflict.sense == 0x18000000);
    CHECK(ordeal.run(Op::read, 2048).sense == 0x031100);
    CHECK(ordeal.run(Op::read, 2560).sense == 0x02000000);
    CHECK(ordeal.run(Op::read, 3072).status == Status::failed);
    CHECK(ordeal.run(Op::read, 3584).status == Status::good);
    const Completion attention = ordeal.run(Op::read, 4096);
    CHECK(attention.status == Status::failed);
    CHECK(attention.sense == 0x062a09);
    CHECK(ordeal.driver.counts().unit_attentions == 17); // One, and sixteen in vain.
    CHECK(ordeal.driver.counts().busy == 2);
}
