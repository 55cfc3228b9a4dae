// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver against targets that want too much: each ends its own driver, named for what it
// did, within bounds of time and memory; the program goes on.
#include "tests/contract/iscsi_ordeal.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <fstream>

using drivers::Completion;
using drivers::DriverEnd;
using drivers::Op;
using drivers::Status;
using tests::Header;
using tests::is_command;
using tests::Ordeal;
using tests::ScriptedTarget;
using tests::TargetLink;
namespace wire = drivers::wire;

namespace {

constexpr std::size_t mebibyte = 1U << 20U;
constexpr std::size_t memory_growth_max = 64 * mebibyte; // What each of these would fill is more.

std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// For as long as it is taken: the same bytes, `count` PDUs of them at a time.
[[noreturn]] void flood(TargetLink& link, const Header& pdu, std::size_t payload_bytes = 0) {
    Header whole = pdu;
    wire::store_be24(whole, 5, payload_bytes);
    std::vector<std::byte> bytes;
    while (bytes.size() < 48'000) {
        bytes.insert(bytes.end(), whole.begin(), whole.end());
        bytes.resize(bytes.size() + payload_bytes);
    }
    while (link.send_raw(bytes)) {
    }
    throw ScriptedTarget::Hangup{};
}

Header request_for(TargetLink& link, std::uint32_t offset, std::uint32_t bytes) { // RFC 7143 11.8
    Header out = link.answer(0x31, 0x80);
    wire::store_be32(out, 20, 1);
    wire::store_be32(out, 40, offset);
    wire::store_be32(out, 44, bytes);
    return out;
}

struct Excess {
    const char* what;
    Op op;
    std::size_t bytes;
    ScriptedTarget::Script script; // From the first read or write on.
    const char* told;
};

Header untagged(TargetLink& link, std::uint8_t opcode) {
    Header out = link.answer(opcode, 0x80);
    wire::store_be32(out, 16, 0xffffffff);
    return out;
}

std::vector<Excess> excesses() {
    const auto only_commands = [](auto act) {
        return [act](TargetLink& link) {
            if (is_command(link)) {
                act(link);
            }
            return true;
        };
    };
    return {
        {"pings that want no answer",
         Op::write,
         4096,
         only_commands([](TargetLink& link) { flood(link, untagged(link, 0x20)); }),
         "messages in a row that answer no command"},
        {"answers to no command",
         Op::read,
         4096,
         only_commands([](TargetLink& link) {
             Header stray = link.scsi_response(0);
             wire::store_be32(stray, 16, 0x12345678);
             flood(link, stray);
         }),
         "messages in a row that answer no command"},
        {"data for a write",
         Op::write,
         4096,
         only_commands([](TargetLink& link) { flood(link, link.answer(0x25, 0), 8192); }),
         "which asked for none"},
        {"data that was asked for once, for ever",
         Op::read,
         65536,
         only_commands([](TargetLink& link) { flood(link, link.answer(0x25, 0), 8192); }),
         "which asked for 65536"},
        {"one request for 4 GiB",
         Op::write,
         std::size_t{8} << 20U,
         only_commands([](TargetLink& link) { link.send(request_for(link, 0, 0xfffffe00)); }),
         "asks for 4294966784 bytes"},
        {"a request for data of a read",
         Op::read,
         4096,
         only_commands([](TargetLink& link) { link.send(request_for(link, 0, 0xffffffff)); }),
         "none to give"},
        {"requests for a byte each",
         Op::write,
         std::size_t{8} << 20U,
         only_commands([](TargetLink& link) {
             std::vector<std::byte> bytes;
             for (std::uint32_t at = 0; at < 200'000; ++at) {
                 const Header one = request_for(link, 4'000'000 + at, 1);
                 bytes.insert(bytes.end(), one.begin(), one.end());
             }
             link.send_raw(bytes);
         }),
         "times at once"},
        {"a segment longer than was declared",
         Op::read,
         std::size_t{8} << 20U,
         only_commands([](TargetLink& link) { flood(link, link.answer(0x25, 0), 4 * mebibyte); }),
         "in one segment"},
        {"an opcode that no target sends",
         Op::read,
         4096,
         only_commands([](TargetLink& link) { link.send(link.answer(0x05, 0x80)); }),
         "opcode 0x05"},
    };
}

} // namespace

TEST_CASE("an array that wants too much ends its driver, and nothing else",
          "[contract][iscsi][hostile]") {
    for (const Excess& excess : excesses()) {
        INFO(excess.what);
        Ordeal ordeal(excess.script);
        const std::size_t before = resident_bytes();
        const Completion done = ordeal.run(excess.op, excess.bytes);
        CHECK(resident_bytes() < before + excess.bytes + memory_growth_max);
        CHECK(done.status == Status::lost);
        CHECK(done.fenced == (excess.op == Op::read));
        CHECK(ordeal.driver.ended() == DriverEnd::broke_protocol);
        CHECK_THAT(std::string(ordeal.driver.end_reason()), Catch::Contains(excess.told));
        CHECK(ordeal.target.connections() == 1); // It is not sought again.
        CHECK(ordeal.run(Op::read, 4096).status == Status::lost);
    }
}

TEST_CASE("requests for a few blocks each, one after the other, are served",
          "[contract][iscsi][hostile]") {
    std::uint32_t asked = 0;
    Header response{};
    Ordeal ordeal([&](TargetLink& link) {
        if (is_command(link)) {
            asked = static_cast<std::uint32_t>(link.data.size());
            response = link.scsi_response(0);
        } else if (link.opcode() == 0x05) {
            asked += 512;
        } else {
            return false;
        }
        if (asked >= 65536) {
            link.send(response);
            return true;
        }
        Header next = request_for(link, asked, 512);
        std::copy(response.begin() + 16, response.begin() + 20, next.begin() + 16);
        wire::store_be32(next, 28, wire::load_be32(response, 28));
        wire::store_be32(next, 32, wire::load_be32(response, 32));
        link.send(next);
        return true;
    });
    CHECK(ordeal.run(Op::write, 65536).status == Status::good);
    CHECK(ordeal.driver.ended() == DriverEnd::none);
}
