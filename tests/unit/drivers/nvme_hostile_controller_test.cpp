// SPDX-License-Identifier: Apache-2.0
// Controllers that break the rules: each is met with one completion per request and a sentence.
#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/wire/little_endian.h"
#include "tests/unit/drivers/controller_bench.h"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <vector>

namespace nvme = drivers::wire::nvme;
using drivers::Completion;
using drivers::DriverEnd;
using drivers::Op;
using drivers::Status;
using drivers::nvme_tcp::NvmeTcpDriver;
using tests::ScriptedController;
using tests::ScriptedPeer;

namespace {

using Entry = nvme::SubmissionEntry;
using Bytes = std::vector<std::byte>;

using Bench = tests::ControllerBench;

void raw_header(const ScriptedPeer& peer,
                std::uint8_t type,
                std::uint8_t header_bytes,
                std::uint32_t pdu_bytes,
                std::uint16_t command_id) {
    std::array<std::byte, 24> header{};
    header[0] = std::byte{type};
    header[2] = std::byte{header_bytes};
    header[3] = std::byte{header_bytes};
    drivers::wire::put_le(std::span<std::byte>(header), 4, pdu_bytes);
    drivers::wire::put_le(std::span<std::byte>(header), 8, command_id);
    peer.send(header);
}

struct Case {
    const char* name;
    Op op;
    std::size_t blocks;
    ScriptedController::Script script;
    const char* sentence;
    DriverEnd end = DriverEnd::broke_protocol;
};

const Bytes block(512, std::byte{1});
const Bytes two_blocks(1024, std::byte{2});

std::vector<Case> broken_transfers() {
    return {
        {"more data than asked for",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) {
             p.data(e.command_id, 0, two_blocks, nvme::flag_last);
         },
         "which has 0 of 512"},
        {"data beyond the end",
         Op::read,
         2,
         [](ScriptedPeer& p, const Entry& e) {
             p.data(e.command_id, 1024, block, nvme::flag_last);
         },
         "at 1024"},
        {"data twice",
         Op::read,
         2,
         [](ScriptedPeer& p, const Entry& e) {
             p.data(e.command_id, 0, block, 0);
             p.data(e.command_id, 0, block, nvme::flag_last);
         },
         "which has 512 of 1024"},
        {"data for a write",
         Op::write,
         64,
         [](ScriptedPeer& p, const Entry& e) { p.data(e.command_id, 0, block, nvme::flag_last); },
         "which has asked for none"},
        {"data for an unknown command",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) {
             p.data(static_cast<std::uint16_t>(e.command_id + 1), 0, block, nvme::flag_last);
         },
         "which has asked for none"},
        {"R2T for a read",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { p.ask(e.command_id, 0, 512); },
         "no such bytes"},
        {"R2T for bytes that went in the capsule",
         Op::write,
         1,
         [](ScriptedPeer& p, const Entry& e) { p.ask(e.command_id, 0, 512); },
         "no such bytes"},
        {"R2T beyond the end",
         Op::write,
         64,
         [](ScriptedPeer& p, const Entry& e) { p.ask(e.command_id, 0, 64 * 512 + 4); },
         "no such bytes"},
        {"R2T for nothing",
         Op::write,
         64,
         [](ScriptedPeer& p, const Entry& e) { p.ask(e.command_id, 0, 0); },
         "no such bytes"},
        {"R2T with a hole before it",
         Op::write,
         64,
         [](ScriptedPeer& p, const Entry& e) { p.ask(e.command_id, 512, 512); },
         "no such bytes"},
    };
}

std::vector<Case> broken_ends() {
    return {
        {"a read good without data",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { p.answer(e.command_id); },
         "completed as good after 0 of 512"},
        {"a read good after half of it",
         Op::read,
         2,
         [](ScriptedPeer& p, const Entry& e) {
             p.data(e.command_id, 0, block, nvme::flag_last | nvme::flag_success);
         },
         "completed as good after 512 of 1024"},
        {"a write good before its data was asked for",
         Op::write,
         64,
         [](ScriptedPeer& p, const Entry& e) { p.answer(e.command_id); },
         "completed as good after 0 of 32768"},
        {"an unknown command completed",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) {
             p.answer(static_cast<std::uint16_t>(e.command_id ^ 0x8000));
         },
         "which is not outstanding"},
        {"an unknown PDU type",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { raw_header(p, 0x55, 24, 24, e.command_id); },
         "type 0x55"},
        {"a PDU that only hosts send",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { raw_header(p, 0x06, 24, 24 + 512, e.command_id); },
         "never sends"},
        {"a wrong header length",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { raw_header(p, 0x05, 16, 24, e.command_id); },
         "header 16 bytes"},
        {"a PDU shorter than its header",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { raw_header(p, 0x05, 24, 8, e.command_id); },
         "8 bytes in all"},
        {"endless data",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry& e) { raw_header(p, 0x07, 24, 0xFFFFFFFF, e.command_id); },
         "0 bytes of data"},
        {"a termination request",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry&) {
             std::array<std::byte, 64> pdu{};
             p.send(std::span(pdu).first(
                 nvme::PduWriter::termination(pdu,
                                              nvme::PduType::c2h_term_req,
                                              {.error = nvme::FatalError::sequence_error},
                                              {})));
         },
         "PDU sequence error",
         DriverEnd::lost},
        {"a closed connection",
         Op::read,
         1,
         [](ScriptedPeer& p, const Entry&) { p.hang_up(); },
         "closed the connection",
         DriverEnd::lost},
    };
}

void check_cases(const std::vector<Case>& cases) {
    for (const Case& wrong : cases) {
        DYNAMIC_SECTION(wrong.name) {
            Bench bench(wrong.script);
            const Completion done = bench.run(wrong.op, wrong.blocks);
            CHECK(done.status == Status::lost);
            CHECK(done.fenced == (wrong.op == Op::read));
            CHECK_THAT(bench.driver->last_fault(), Catch::Contains(wrong.sentence));
            bench.expect_silence();
            CHECK(bench.end() == wrong.end);
            const std::string reason(bench.driver->end_reason());
            CHECK_THAT(reason, Catch::Contains(wrong.sentence));
            CHECK((reason.find("the array broke the protocol") != std::string::npos) ==
                  (wrong.end == DriverEnd::broke_protocol));
            CHECK_THAT(reason, Catch::Contains("nvme+tcp://127.0.0.1"));
        }
    }
}

} // namespace

TEST_CASE("a controller that moves data wrongly is found out", "[nvme][hostile]") {
    check_cases(broken_transfers());
}

TEST_CASE("a controller that ends commands wrongly is found out", "[nvme][hostile]") {
    check_cases(broken_ends());
}

TEST_CASE("the scripted controller, when honest, is believed", "[nvme][hostile]") {
    Bench bench([](ScriptedPeer& peer, const Entry& entry) {
        peer.data(entry.command_id, 0, block, 0);
        peer.data(entry.command_id, 512, block, nvme::flag_last);
        peer.answer(entry.command_id);
    });
    CHECK(bench.run(Op::read, 2).status == Status::good);
    CHECK(bench.data == Bytes(1024, std::byte{1}));
    CHECK(bench.driver->last_fault().empty());
    CHECK(bench.driver->ended() == DriverEnd::none);
}

TEST_CASE("a second completion of one command is found out", "[nvme][hostile]") {
    Bench bench([](ScriptedPeer& peer, const Entry& entry) {
        peer.data(entry.command_id, 0, block, nvme::flag_last);
        peer.answer(entry.command_id);
        peer.answer(entry.command_id);
    });
    CHECK(bench.run(Op::read, 1).status == Status::good);
    bench.expect_silence();
    for (int i = 0; i < 100 && bench.driver->last_fault().empty(); ++i) {
        bench.expect_silence();
    }
    CHECK_THAT(bench.driver->last_fault(), Catch::Contains("not outstanding"));
    CHECK(bench.end() == DriverEnd::broke_protocol);
}

TEST_CASE("a header digest that does not fit ends the connection", "[nvme][hostile]") {
    Bench bench(
        [](ScriptedPeer& peer, const Entry& entry) {
            peer.spoil_header_digest = true;
            peer.answer(entry.command_id, nvme::status_internal_error);
        },
        {.header = true, .data = false});
    CHECK(bench.run(Op::read, 1).status == Status::lost);
    CHECK_THAT(bench.driver->last_fault(), Catch::Contains("header digest"));
    CHECK(bench.end() == DriverEnd::lost); // Whoever damaged it: not the controller's word.
}

TEST_CASE("a data digest that does not fit fails the command alone", "[nvme][hostile]") {
    Bench bench(
        [](ScriptedPeer& peer, const Entry& entry) {
            peer.spoil_data_digest = peer.commands == 1;
            peer.data(entry.command_id, 0, block, nvme::flag_last);
            peer.answer(entry.command_id);
        },
        {.header = true, .data = true});
    const Completion spoilt = bench.run(Op::read, 1);
    CHECK(spoilt.status == Status::failed);
    CHECK(spoilt.sense == nvme::status_transport_error);
    CHECK(bench.run(Op::read, 1).status == Status::good);
}

TEST_CASE("an ICResp that cannot be meant is refused at set-up", "[nvme][hostile]") {
    const auto attempt = [](const ScriptedController::Greeting& greeting) {
        ScriptedController controller([](ScriptedPeer&, const Entry&) {}, greeting);
        tests::ManualClock clock;
        drivers::nvme_tcp::Settings settings;
        settings.host = "127.0.0.1";
        settings.port = controller.port();
        settings.subsystem_nqn = tests::nvme_array_nqn;
        CHECK_THROWS_AS(NvmeTcpDriver(settings, clock), drivers::ArrayError);
    };
    std::array<std::byte, nvme::ic_bytes> pdu{};
    nvme::put_initialize(pdu, nvme::PduType::ic_resp, {.digests = {}, .limit = 65536});
    for (const auto& [at, value] : std::vector<std::pair<std::size_t, int>>{
             {0, 0x05}, {2, 24}, {4, 0}, {8, 1}, {10, 99}, {11, 1}, {14, 0}}) {
        auto wrong = pdu;
        wrong[at] = static_cast<std::byte>(value);
        attempt([&wrong](ScriptedPeer& peer) { peer.send(wrong); });
    }
    attempt([](ScriptedPeer& peer) { peer.hang_up(); });
}

TEST_CASE("a silent command is aborted, then its association ends and is fenced",
          "[nvme][hostile]") {
    Bench bench([](ScriptedPeer&, const Entry&) {});
    Bytes data(512);
    drivers::Request request;
    request.tag = 77;
    request.op = Op::write;
    request.range = {0, 1};
    request.data = data;
    REQUIRE(bench.driver->submit(request));
    bench.expect_silence();
    bench.clock.advance(std::chrono::seconds(31));
    bench.expect_silence(); // Abort is out, and the controller says that it did nothing.
    CHECK(bench.driver->fences() == 0);
    bench.clock.advance(std::chrono::seconds(6));
    const Completion done = bench.next();
    CHECK(done.tag == 77);
    CHECK(done.status == Status::timed_out);
    CHECK_FALSE(done.fenced);
    for (int i = 0; i < 50'000 && bench.driver->fences() == 0; ++i) {
        bench.expect_silence(); // The reset, acknowledged by CSTS.RDY = 0.
    }
    CHECK(bench.driver->fences() == 1);
}
