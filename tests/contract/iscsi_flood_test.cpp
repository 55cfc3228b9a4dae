// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver against targets that want too much: it ends within its bounds.
#include "tests/contract/iscsi_ordeal.h"

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
