// SPDX-License-Identifier: Apache-2.0
// How a driver ends whose controller broke the protocol, or is less secure than it was: for good,
// at once, wherever it is noticed.
#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"
#include "tests/unit/drivers/controller_bench.h"

#include <catch2/catch.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace nvme = drivers::wire::nvme;
using drivers::DriverEnd;
using drivers::Op;
using drivers::Status;
using tests::ScriptedPeer;

namespace {

using Bench = tests::ControllerBench;
using Entry = nvme::SubmissionEntry;
using Bytes = std::vector<std::byte>;

// A header that no controller may send, its digest as it is or damaged.
void unsound_header(const ScriptedPeer& peer, bool is_damaged) {
    std::array<std::byte, 28> pdu{};
    pdu[0] = std::byte{0x55};
    pdu[1] = std::byte{1}; // HDGSTF
    pdu[2] = std::byte{24};
    pdu[4] = std::byte{28};
    const auto covered = std::span<const std::byte>(pdu).first(24);
    drivers::wire::put_le(
        std::span<std::byte>(pdu), 24, drivers::wire::crc32c(covered) ^ (is_damaged ? 1U : 0U));
    peer.send(pdu);
}

} // namespace

TEST_CASE("rubbish with a digest that fits was meant, other rubbish may be damage",
          "[nvme][hostile]") {
    const bool is_damaged = GENERATE(true, false);
    Bench bench(
        [is_damaged](ScriptedPeer& peer, const Entry&) { unsound_header(peer, is_damaged); },
        {.header = true, .data = false});
    CHECK(bench.run(Op::read, 1).status == Status::lost);
    CHECK(bench.end() == (is_damaged ? DriverEnd::lost : DriverEnd::broke_protocol));
}

TEST_CASE("a protocol broken on the admin queue ends the driver, too", "[nvme][hostile]") {
    Bench bench([](ScriptedPeer& peer, const Entry& entry) {
        peer.answer(entry.command_id, nvme::status_internal_error);
    });
    bench.controller.change_admin(
        [](const Entry& entry, Bytes& out) -> std::optional<std::uint16_t> {
            if (entry.opcode != nvme::opcode_keep_alive) {
                return std::nullopt;
            }
            out.assign(512, std::byte{1}); // Data for a command that asked for none.
            return 0;
        });
    bench.clock.advance(std::chrono::seconds(8));
    CHECK(bench.end(std::chrono::milliseconds(1)) == DriverEnd::broke_protocol);
    CHECK_THAT(std::string(bench.driver->end_reason()), Catch::Contains("admin queue"));
}

TEST_CASE("a protocol broken while the association is sought again is not tried once more",
          "[nvme][hostile]") {
    Bench bench([](ScriptedPeer& peer, const Entry&) { peer.hang_up(); }, {}, true);
    bench.controller.greet_from_now_on([](ScriptedPeer& peer) {
        std::array<std::byte, nvme::ic_bytes> pdu{};
        nvme::put_initialize(
            pdu, nvme::PduType::ic_resp, {.format_version = 7, .digests = {}, .limit = 65536});
        peer.send(pdu);
    });
    CHECK(bench.run(Op::write, 1).status == Status::lost);
    CHECK(bench.end() == DriverEnd::broke_protocol);
    CHECK_THAT(std::string(bench.driver->end_reason()), Catch::Contains("format version 7"));
    CHECK(bench.controller.greeted() == 1);
}

TEST_CASE("a digest that is no longer granted ends the driver at the first reconnect",
          "[nvme][hostile][security]") {
    const bool of_headers = GENERATE(true, false);
    Bench bench([](ScriptedPeer& peer, const Entry&) { peer.hang_up(); },
                {.header = true, .data = true},
                true);
    bench.controller.greet_from_now_on([of_headers](ScriptedPeer& peer) {
        std::array<std::byte, nvme::ic_bytes> pdu{};
        nvme::put_initialize(
            pdu,
            nvme::PduType::ic_resp,
            {.digests = {.header = !of_headers, .data = of_headers}, .limit = 65536});
        peer.send(pdu);
    });
    CHECK(bench.run(Op::write, 1).status == Status::lost);
    CHECK(bench.end() == DriverEnd::less_secure);
    CHECK_THAT(std::string(bench.driver->end_reason()),
               Catch::Contains(of_headers ? "a header digest" : "a data digest"));
    CHECK(bench.controller.greeted() == 1);
    CHECK(bench.run(Op::write, 1).status == Status::lost); // Nothing more goes there.
    CHECK(bench.controller.greeted() == 1);
}
