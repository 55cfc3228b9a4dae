// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver against targets that want too much: it ends within its bounds.
#include "tests/contract/iscsi_ordeal.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

using drivers::Completion;
using drivers::Op;
using drivers::Status;
using tests::Header;
using tests::is_command;
using tests::Ordeal;
using tests::ScriptedTarget;
using tests::TargetLink;
namespace wire = drivers::wire;

namespace {

Header nop_in(TargetLink& link) {
    Header out = link.answer(0x20, 0x80);
    wire::store_be32(out, 16, 0xffffffff);
    return out;
}

} // namespace

TEST_CASE("an array that never stops sending ends the write once and within bounds",
          "[contract][iscsi][hostile]") {
    Ordeal ordeal([](TargetLink& link) {
        if (!is_command(link)) {
            return false;
        }
        // NOP-Ins that want no answer (RFC 7143 11.19), as fast as they are taken.
        std::vector<std::byte> flood;
        for (int i = 0; i < 1000; ++i) {
            const Header pdu = nop_in(link);
            flood.insert(flood.end(), pdu.begin(), pdu.end());
        }
        while (link.send_raw(flood)) {
        }
        throw ScriptedTarget::Hangup{};
    });
    const Completion done = ordeal.run(Op::write, 4096);
    // Cut off, or, where this host reads faster than the array sends, aborted without an answer.
    CHECK((done.status == Status::lost || done.status == Status::timed_out));
    CHECK_FALSE(done.fenced);
    CHECK_FALSE(ordeal.driver.trouble().empty());
}

TEST_CASE(
    "an array that asks for gigabytes of one access ends the program, not its user's patience",
    "[contract][iscsi][hostile]") {
    const ScriptedTarget target([](TargetLink& link) {
        if (link.opcode() != 0x01 || link.operation() != 0x88) {
            return link.opcode() == 0x05;
        }
        Header ready_to_transfer = link.answer(0x31, 0x80); // RFC 7143 11.8
        wire::store_be32(ready_to_transfer, 20, 1);
        wire::store_be32(ready_to_transfer, 40, 0);
        wire::store_be32(ready_to_transfer, 44, 0xffffffff);
        link.send(ready_to_transfer);
        return true;
    });
    const tests::ScratchFolder folder;
    tests::ProgramRun program({"load", target.url(), "--rw=randread", "--bs=4k", "--runtime=1s"},
                              folder.path());
    const int code = program.wait();
    INFO(program.out() << program.err());
    CHECK(code == 3);
    CHECK_THAT(program.err(), Catch::Contains("array lost"));
}
