// SPDX-License-Identifier: Apache-2.0
// What an array puts off is sent again, within bounds, and counted.
#include "tests/contract/iscsi_ordeal.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using drivers::Completion;
using drivers::DriverEnd;
using drivers::Op;
using drivers::Status;
using drivers::iscsi::IscsiDriver;
using tests::clock_of_test;
using tests::is_command;
using tests::Ordeal;
using tests::ScriptedTarget;
using tests::settings_for;
using tests::TargetLink;
using namespace std::chrono_literals;
namespace wire = drivers::wire;

namespace {

using Refusal = void (*)(TargetLink&);

struct Refused {
    const char* name;
    Refusal refuse;
    std::uint32_t sense;
};

const Refused refusals[] = {
    {"BUSY", [](TargetLink& link) { link.send(link.scsi_response(0x08)); }, 0x08000000},
    {"TASK SET FULL", [](TargetLink& link) { link.send(link.scsi_response(0x28)); }, 0x28000000},
    {"TASK ABORTED", [](TargetLink& link) { link.send(link.scsi_response(0x40)); }, 0x40000000},
    {"becoming ready", [](TargetLink& link) { link.send_sense(0x02, 0x04, 0x01); }, 0x020401},
    {"in transition", [](TargetLink& link) { link.send_sense(0x02, 0x04, 0x0a); }, 0x02040a},
    {"space allocation", [](TargetLink& link) { link.send_sense(0x02, 0x04, 0x14); }, 0x020414}};

drivers::Request write_of(std::span<std::byte> block) {
    drivers::Request out;
    out.op = Op::write;
    out.range = {0, 1};
    out.data = block;
    return out;
}

} // namespace

TEST_CASE("what passes by itself is sent again after a pause, and is part of the write",
          "[contract][iscsi][patience]") {
    const Refused& kind = refusals[GENERATE(range(0, 6))];
    CAPTURE(kind.name);
    int left = 3;
    Ordeal ordeal([&](TargetLink& link) {
        if (!is_command(link) || left == 0) {
            return false;
        }
        --left;
        kind.refuse(link);
        return true;
    });
    const auto begin = clock_of_test().now();
    const Completion done = ordeal.run(Op::write, 4096);
    CHECK(done.status == Status::good);
    CHECK(done.sense == 0);
    CHECK(done.done - begin >= 7ms); // 1 + 2 + 4 ms of pauses.
    CHECK(ordeal.driver.put_off().times == 3);
    CHECK(ordeal.driver.put_off().attentions == 0);
    CHECK(ordeal.driver.put_off().longest >= 3ms);
    CHECK(ordeal.driver.put_off().longest < 1s);
    CHECK(ordeal.driver.counts().busy == 0);
}

TEST_CASE("what does not pass in time ends as busy, with what the array said",
          "[contract][iscsi][patience]") {
    const Refused& kind = refusals[GENERATE(range(0, 6))];
    CAPTURE(kind.name);
    Ordeal ordeal([&](TargetLink& link) {
        if (is_command(link)) {
            kind.refuse(link);
        }
        return is_command(link);
    });
    const Completion done = ordeal.run(Op::write, 4096);
    CHECK(done.status == Status::busy);
    CHECK(done.sense == kind.sense);
    CHECK(done.fenced);
    CHECK(ordeal.driver.put_off().longest >= 100ms);
    CHECK(ordeal.driver.put_off().times >= 3);
    CHECK(ordeal.driver.put_off().times < 30); // It pauses.
    CHECK(ordeal.driver.ended() == DriverEnd::none);
}

TEST_CASE("a path in transition among others gives its request back at once, a full queue not",
          "[contract][iscsi][patience]") {
    int asked = 0;
    const ScriptedTarget target([&](TargetLink& link) {
        if (!is_command(link) || link.operation() != 0x8a || ++asked > 2) {
            return false;
        }
        asked == 1 ? link.send_sense(0x02, 0x04, 0x0a) : link.send(link.scsi_response(0x28));
        return true;
    });
    auto settings = settings_for(target);
    settings.has_other_paths = true;
    std::vector<std::byte> buffer(512);
    IscsiDriver driver(settings, clock_of_test());
    const drivers::Request request = write_of(buffer);
    const Completion moved = tests::run_one(driver, request);
    CHECK(moved.status == Status::busy);
    CHECK(moved.sense == 0x02040a);
    CHECK(asked == 1);
    CHECK(tests::run_one(driver, request).status == Status::good);
    CHECK(asked == 3);
}

TEST_CASE("standing refusals are not waited for", "[contract][iscsi][patience]") {
    const std::uint32_t sense = GENERATE(0x020402U, 0x02040bU, 0x02040cU, 0x023a00U, 0x052100U);
    int asked = 0;
    Ordeal ordeal([&](TargetLink& link) {
        if (is_command(link)) {
            ++asked;
            link.send_sense(static_cast<std::uint8_t>(sense >> 16U),
                            static_cast<std::uint8_t>(sense >> 8U),
                            static_cast<std::uint8_t>(sense));
        }
        return is_command(link);
    });
    const Completion done = ordeal.run(Op::read, 512);
    CHECK(done.status == Status::failed);
    CHECK(done.sense == sense);
    CHECK(asked == 1);
    const bool may_be_another = sense == 0x023a00 || sense == 0x052100;
    CHECK(ordeal.driver.counts().questions == (may_be_another ? 1 : 0));
}

TEST_CASE("attentions are met sixteen times, and each is asked after",
          "[contract][iscsi][patience]") {
    const std::uint8_t qualifier = GENERATE(std::uint8_t{0x09}, std::uint8_t{0x01});
    const unsigned count = GENERATE(1U, 16U, 17U);
    CAPTURE(qualifier, count);
    unsigned left = count;
    Ordeal ordeal([&](TargetLink& link) {
        if (!is_command(link) || left == 0) {
            return false;
        }
        --left;
        link.send_sense(0x06, 0x2a, qualifier);
        return true;
    });
    const Completion done = ordeal.run(Op::write, 4096);
    CHECK(done.status == (count == 17 ? Status::failed : Status::good));
    CHECK(ordeal.driver.put_off().attentions == std::min(count, 16U));
    CHECK(ordeal.driver.put_off().times == 0);
    CHECK(ordeal.driver.counts().questions == count);
}

TEST_CASE("many attentions are met while a LUN is opened, within bounds",
          "[contract][iscsi][patience]") {
    const bool are_endless = GENERATE(true, false);
    int left = 40;
    const ScriptedTarget target([&](TargetLink& link) {
        const bool owes = is_command(link) && link.operation() == 0x00 && left > 0;
        if (owes) {
            left -= are_endless ? 0 : 1;
            link.send_sense(0x06, 0x2a, 0x01);
        }
        return owes;
    });
    auto settings = settings_for(target);
    settings.ready_timeout = are_endless ? 100ms : 3s;
    const auto begin = std::chrono::steady_clock::now();
    if (are_endless) {
        CHECK_THROWS_WITH(IscsiDriver(settings, clock_of_test()),
                          Catch::Contains("one unit attention after the other"));
        CHECK(std::chrono::steady_clock::now() - begin < 3s);
    } else {
        CHECK_NOTHROW(IscsiDriver(settings, clock_of_test()));
        CHECK(left == 0);
    }
}

TEST_CASE("nothing is written to a LUN that does not say how large it is after a reconnect",
          "[contract][iscsi][patience]") {
    const bool tells = GENERATE(true, false);
    CAPTURE(tells);
    bool is_gone = false;
    int sizes = 0;
    int writes = 0;
    int early = 0;
    const ScriptedTarget target([&](TargetLink& link) {
        const unsigned operation = is_command(link) ? link.operation() : 0xffU;
        if (operation == 0x8a) {
            ++writes;
            if (!is_gone) {
                is_gone = true;
                throw ScriptedTarget::Hangup();
            }
            early += tells && sizes >= 3 ? 0 : 1;
        }
        const bool is_silent = operation == 0x9e && is_gone && (!tells || sizes < 2);
        sizes += operation == 0x9e && is_gone ? 1 : 0;
        if (is_silent) {
            link.send_sense(0x02, 0x04, 0x0b);
        }
        return is_silent;
    });
    auto settings = settings_for(target);
    settings.ready_timeout = tells ? 5s : 300ms;
    std::vector<std::byte> buffer(512);
    IscsiDriver driver(settings, clock_of_test());
    const drivers::Request request = write_of(buffer);
    CHECK(tests::run_one(driver, request).status == Status::lost);
    const auto begin = std::chrono::steady_clock::now();
    std::array<Completion, 4> ends{};
    while (driver.fences() == 0) {
        REQUIRE(std::chrono::steady_clock::now() - begin < 5s);
        CHECK(driver.poll(ends) == 0);
    }
    const Completion done = tests::run_one(driver, request);
    CHECK(done.status == (tells ? Status::good : Status::failed));
    CHECK(done.sense == (tells ? 0U : 0x02040bU));
    CHECK(done.fenced);
    CHECK(writes == (tells ? 2 : 1));
    CHECK(early == 0);
    CHECK(driver.ended() == DriverEnd::none);
}

TEST_CASE("what is answered while it is in doubt who answers is believed only of the same LUN",
          "[contract][iscsi][patience]") {
    const bool is_another = GENERATE(true, false);
    CAPTURE(is_another);
    int reads = 0;
    const ScriptedTarget target([&](TargetLink& link) {
        if (!is_command(link)) {
            return false;
        }
        if (link.operation() == 0x88 && ++reads == 1) {
            link.send_sense(0x06, 0x3f, 0x03);
            return true;
        }
        const bool asks_serial =
            link.operation() == 0x12 && std::to_integer<unsigned>(link.request[34]) == 0x80;
        if (reads > 0 && is_another && asks_serial) {
            std::vector<std::byte> page(12, std::byte{'8'});
            wire::store_be32(page, 0, 0x00800008);
            link.send_data_in(std::move(page));
            return true;
        }
        return false;
    });
    std::vector<std::byte> buffer(1024);
    IscsiDriver driver(settings_for(target), clock_of_test());
    for (std::uint64_t tag = 0; tag < 2; ++tag) {
        drivers::Request request;
        request.tag = tag;
        request.op = Op::read;
        request.range = {tag, 1};
        request.data = std::span(buffer).subspan(tag * 512, 512);
        REQUIRE(driver.submit(request));
    }
    for (int i = 0; i < 2; ++i) {
        CHECK(tests::wait_for_one(driver).status == (is_another ? Status::lost : Status::good));
    }
    CHECK(driver.ended() == (is_another ? DriverEnd::another_lun : DriverEnd::none));
    CHECK(reads == (is_another ? 2 : 3)); // The refused one goes out again only to the same LUN.
    if (is_another) {
        CHECK_THAT(std::string(driver.end_reason()),
                   Catch::Contains("wanted LUN with serial 77777777") &&
                       Catch::Contains("found LUN with serial 88888888"));
    }
}

TEST_CASE("nothing is taken while it is in doubt who answers", "[contract][iscsi][patience]") {
    std::atomic<bool> may_answer{false};
    int writes = 0;
    const ScriptedTarget target([&](TargetLink& link) {
        if (is_command(link) && link.operation() == 0x8a && ++writes == 1) {
            link.send_sense(0x06, 0x3f, 0x0e);
            return true;
        }
        while (is_command(link) && writes > 0 && !may_answer) {
            std::this_thread::yield();
        }
        return false;
    });
    std::vector<std::byte> buffer(1024);
    IscsiDriver driver(settings_for(target), clock_of_test());
    drivers::Request request;
    request.op = Op::write;
    request.range = {0, 1};
    request.data = std::span(buffer).first(512);
    REQUIRE(driver.submit(request));
    std::array<Completion, 4> ends{};
    const auto begin = std::chrono::steady_clock::now();
    while (driver.counts().questions == 0) {
        REQUIRE(std::chrono::steady_clock::now() - begin < 5s);
        CHECK(driver.poll(ends) == 0);
    }
    CHECK_FALSE(driver.submit(request));
    may_answer = true;
    CHECK(tests::wait_for_one(driver).status == Status::good);
    CHECK(tests::run_one(driver, request).status == Status::good);
    CHECK(writes == 3);
}

TEST_CASE("a driver without hope says so once and keeps to it", "[contract][iscsi][patience]") {
    auto target = std::make_unique<ScriptedTarget>([](TargetLink&) { return false; });
    auto settings = settings_for(*target);
    settings.reconnect_timeout = 150ms;
    std::vector<std::byte> buffer(512);
    IscsiDriver driver(settings, clock_of_test());
    CHECK(driver.ended() == DriverEnd::none);
    target.reset();
    std::array<Completion, 4> ends{};
    const auto begin = std::chrono::steady_clock::now();
    while (driver.ended() == DriverEnd::none) {
        REQUIRE(std::chrono::steady_clock::now() - begin < 5s);
        driver.poll(ends);
    }
    CHECK(driver.ended() == DriverEnd::lost);
    CHECK_THAT(std::string(driver.end_reason()),
               Catch::Contains("iSCSI portal 127.0.0.1:") &&
                   Catch::Contains("not reinstated in time"));
    drivers::Request request;
    request.tag = 5;
    request.op = Op::write;
    request.range = {0, 1};
    request.data = buffer;
    REQUIRE(driver.submit(request));
    REQUIRE(driver.poll(ends) == 1);
    CHECK(ends[0].status == Status::lost);
    CHECK(ends[0].tag == 5);
}
