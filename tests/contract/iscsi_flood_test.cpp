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

TEST_CASE("an array that never stops sending is cut off, and the write is lost once",
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
    CHECK(done.status == Status::lost);
    CHECK_FALSE(done.fenced);
    CHECK(ordeal.driver.trouble() == "the array never stopped sending");
}
