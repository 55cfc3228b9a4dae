// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/memory/memory_driver.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <array>

using drivers::MemoryDriver;
using drivers::MemorySettings;

namespace {

using Block = std::array<std::byte, 512>;

drivers::Completion
run(MemoryDriver& driver, drivers::Op op, std::uint64_t lba, Block& data, bool force = false) {
    drivers::Request request;
    request.op = op;
    request.range = {lba, op == drivers::Op::flush ? 0U : 1U};
    request.force_unit_access = force;
    if (op != drivers::Op::flush) {
        request.data = data;
    }
    REQUIRE(driver.submit(request));
    std::array<drivers::Completion, 1> out{};
    REQUIRE(driver.poll(out) == 1);
    return out[0];
}

std::byte first_byte(MemoryDriver& driver, std::uint64_t lba) {
    Block data{};
    REQUIRE(run(driver, drivers::Op::read, lba, data).status == drivers::Status::good);
    return data[0];
}

Block filled(int value) {
    Block out{};
    out.fill(static_cast<std::byte>(value));
    return out;
}

} // namespace

TEST_CASE("a power cut loses exactly what was neither flushed nor forced", "[memory]") {
    tests::ManualClock clock;
    MemorySettings settings;
    settings.size_bytes = 1 << 20;
    settings.volatile_cache = true;
    MemoryDriver driver(settings, clock);
    Block one = filled(1);
    Block two = filled(2);
    run(driver, drivers::Op::write, 10, one);
    run(driver, drivers::Op::flush, 0, one);
    run(driver, drivers::Op::write, 10, two);       // Unflushed over flushed: falls back to one.
    run(driver, drivers::Op::write, 11, two);       // Unflushed over nothing: falls back to zero.
    run(driver, drivers::Op::write, 12, two, true); // Forced: stays.
    CHECK(first_byte(driver, 10) == std::byte{2});
    driver.power_cut();
    CHECK(first_byte(driver, 10) == std::byte{1});
    CHECK(first_byte(driver, 11) == std::byte{0});
    CHECK(first_byte(driver, 12) == std::byte{2});
}

TEST_CASE("without a volatile cache a power cut loses nothing", "[memory]") {
    tests::ManualClock clock;
    MemorySettings settings;
    settings.size_bytes = 1 << 20;
    MemoryDriver driver(settings, clock);
    Block one = filled(1);
    run(driver, drivers::Op::write, 10, one);
    driver.power_cut();
    CHECK(first_byte(driver, 10) == std::byte{1});
}

TEST_CASE("answers carry the instant at which they were polled", "[memory]") {
    tests::ManualClock clock;
    clock.advance(std::chrono::seconds(5));
    MemorySettings settings;
    settings.size_bytes = 1 << 20;
    MemoryDriver driver(settings, clock);
    Block data{};
    CHECK(run(driver, drivers::Op::read, 0, data).done == clock.now());
}

TEST_CASE("a transfer limit is kept", "[memory]") {
    tests::ManualClock clock;
    MemorySettings settings;
    settings.size_bytes = 1 << 20;
    settings.transfer_bytes_max = 512;
    MemoryDriver driver(settings, clock);
    std::array<std::byte, 1024> data{};
    drivers::Request request;
    request.range = {0, 2};
    request.data = data;
    REQUIRE(driver.submit(request));
    std::array<drivers::Completion, 1> out{};
    REQUIRE(driver.poll(out) == 1);
    CHECK(out[0].status == drivers::Status::failed);
}

TEST_CASE("an impossible size is the user's error", "[memory]") {
    tests::ManualClock clock;
    MemorySettings settings;
    settings.size_bytes = 1000;
    CHECK_THROWS_AS(MemoryDriver(settings, clock), drivers::UsageError);
}
