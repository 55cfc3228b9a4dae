// SPDX-License-Identifier: Apache-2.0
// A lane that waits in the driver itself has its ring to itself: it keeps the contract, and another
// thread may have it afterwards.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

using drivers::BlockDriver;
using drivers::BlockRange;
using drivers::Completion;
using drivers::Op;
using drivers::Request;
using drivers::Status;

namespace {

constexpr std::size_t block_bytes = 4096; // A whole page: direct I/O anywhere.

std::string new_file(const tests::ScratchFolder& folder) {
    const std::string path = folder.path() + "/lun";
    std::ofstream(path).close();
    std::filesystem::resize_file(path, 64U << 20U);
    return "file:" + path;
}

std::unique_ptr<BlockDriver> open(const std::string& url, std::size_t depth) {
    static drivers::MonotonicClock clock;
    bench::plan::DriverOptions options;
    options.depth = depth;
    return bench::plan::open_driver(bench::plan::parse_url(url), options, clock);
}

// Sleeps in the driver whenever there is nothing to poll, as a lane with this one driver does.
class Patient final : public BlockDriver {
public:
    explicit Patient(std::unique_ptr<BlockDriver> inner)
        : inner_(std::move(inner)) {}
    const drivers::Geometry& geometry() const noexcept override { return inner_->geometry(); }
    const drivers::Identity& identity() const noexcept override { return inner_->identity(); }
    std::size_t depth() const noexcept override { return inner_->depth(); }
    bool submit(const Request& request) noexcept override { return inner_->submit(request); }
    std::size_t poll(std::span<Completion> out) noexcept override {
        const std::size_t count = inner_->poll(out);
        if (count == 0) {
            const auto until = drivers::MonotonicClock().now() + std::chrono::milliseconds(1);
            offered = offered && inner_->wait(until) != Wait::not_offered;
        }
        return count;
    }
    void use_memory(std::span<std::byte> memory) noexcept override { inner_->use_memory(memory); }
    int wait_fd() const noexcept override { return -1; }
    drivers::TimePoint next_timer() const noexcept override { return inner_->next_timer(); }

    static inline bool offered = true;

private:
    std::unique_ptr<BlockDriver> inner_;
};

struct Blocks {
    explicit Blocks(std::size_t count)
        : memory(static_cast<std::byte*>(std::aligned_alloc(block_bytes, count * block_bytes)))
        , size(count * block_bytes) {}
    ~Blocks() { std::free(memory); }
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;
    std::span<std::byte> all() const { return {memory, size}; }
    std::span<std::byte> block(std::size_t i) const {
        return all().subspan(i * block_bytes, block_bytes);
    }

    std::byte* memory;
    std::size_t size;
};

Request
transfer(const BlockDriver& driver, Op op, std::uint64_t number, std::span<std::byte> data) {
    Request out;
    out.tag = number;
    out.op = op;
    const std::uint64_t blocks = block_bytes / driver.geometry().block_bytes;
    out.range = {number * blocks, blocks};
    out.data = data;
    return out;
}

void in_a_thread(const std::function<void()>& what) {
    std::thread(what).join();
}

// Polls, and sleeps in the driver in between, until `count` requests have ended.
std::vector<Completion> finish(BlockDriver& driver, std::size_t count) {
    drivers::MonotonicClock clock;
    std::vector<Completion> all;
    std::array<Completion, 8> out{};
    const auto give_up = clock.now() + std::chrono::seconds(20);
    while (all.size() < count && clock.now() < give_up) {
        const std::size_t ended = driver.poll(out);
        all.insert(all.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(ended));
        if (all.size() < count) {
            (void)driver.wait(clock.now() + std::chrono::milliseconds(5));
        }
    }
    CHECK(all.size() == count);
    return all;
}

void finish_well(BlockDriver& driver, std::size_t count) {
    for (const Completion& done : finish(driver, count)) {
        CHECK(done.status == Status::good);
    }
}

void wait_a_little(BlockDriver& driver) { // Binds its ring to this thread.
    (void)driver.wait(drivers::MonotonicClock().now() + std::chrono::milliseconds(1));
}

void hand_over(BlockDriver& driver) { // To the kernel; no answer is taken.
    (void)driver.poll({});
}

Request unmap_of(std::span<const BlockRange> ranges) {
    Request out;
    out.tag = 100;
    out.op = Op::unmap;
    out.ranges = ranges;
    return out;
}

} // namespace

TEST_CASE("a driver that sleeps in its ring keeps the contract", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string url = new_file(folder);
    Patient::offered = true;
    tests::ContractSubject subject;
    subject.cannot_be_exchanged = "the driver below is held to it in a test of its own";
    subject.open = [&](std::size_t depth) {
        return std::make_unique<Patient>(open(url, depth));
    };
    tests::check_block_driver_contract(subject);
    CHECK(Patient::offered);
}

TEST_CASE("a driver goes from one thread to the next", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const auto driver = open(new_file(folder), 8);
    const Blocks blocks(8);
    driver->use_memory(blocks.all());
    for (unsigned round = 0; round < 4; ++round) { // Each thread in a new place, or in an old one.
        in_a_thread([&] {
            const auto mark = std::byte(1 + round);
            for (std::size_t i = 0; i < 4; ++i) {
                std::fill(blocks.block(i).begin(), blocks.block(i).end(), mark);
                REQUIRE(driver->submit(transfer(*driver, Op::write, i, blocks.block(i))));
            }
            finish_well(*driver, 4);
        });
        for (std::size_t i = 0; i < 4; ++i) {
            REQUIRE(driver->submit(transfer(*driver, Op::read, i, blocks.block(4 + i))));
        }
        finish_well(*driver, 4);
        for (std::size_t i = 4; i < 8; ++i) {
            CHECK(blocks.block(i).front() == std::byte(1 + round));
            CHECK(blocks.block(i).back() == std::byte(1 + round));
        }
    }
    driver->use_memory({});
}

TEST_CASE("what a thread prepared is done in the next", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const auto driver = open(new_file(folder), 4);
    const Blocks blocks(4);
    std::fill(blocks.all().begin(), blocks.all().end(), std::byte{7});
    in_a_thread([&] {
        wait_a_little(*driver);
        REQUIRE(driver->submit(transfer(*driver, Op::write, 0, blocks.block(0))));
    });
    finish_well(*driver, 1);
    REQUIRE(driver->submit(transfer(*driver, Op::read, 0, blocks.block(1))));
    std::fill(blocks.block(1).begin(), blocks.block(1).end(), std::byte{0});
    finish_well(*driver, 1);
    CHECK(blocks.block(1).front() == std::byte{7});
}

TEST_CASE("what a thread left to the kernel ends, its outcome unknown",
          "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const auto driver = open(new_file(folder), 4);
    const Blocks blocks(4);
    const std::array<BlockRange, 1> range{BlockRange{0, 64}};
    in_a_thread([&] {
        wait_a_little(*driver);
        REQUIRE(driver->submit(transfer(*driver, Op::write, 0, blocks.block(0))));
        hand_over(*driver);
        REQUIRE(driver->submit(transfer(*driver, Op::write, 1, blocks.block(1))));
        REQUIRE(driver->submit(unmap_of(range)));
    });
    for (const Completion& done : finish(*driver, 3)) {
        const bool told = done.tag == 100; // The slow lane is no part of the ring.
        CHECK((done.status == Status::good || (!told && done.status == Status::lost)));
    }
    REQUIRE(driver->submit(transfer(*driver, Op::read, 2, blocks.block(2))));
    REQUIRE(driver->submit(unmap_of(range)));
    finish_well(*driver, 2);
}

TEST_CASE("a driver may end with what an ended thread left in it", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const Blocks blocks(4);
    const std::array<BlockRange, 1> range{BlockRange{0, 64}};
    auto driver = open(new_file(folder), 4);
    in_a_thread([&] {
        wait_a_little(*driver);
        REQUIRE(driver->submit(unmap_of(range)));
        REQUIRE(driver->submit(transfer(*driver, Op::read, 1, blocks.block(1))));
        hand_over(*driver);
        REQUIRE(driver->submit(transfer(*driver, Op::read, 2, blocks.block(2))));
    });
    driver.reset(); // Waits until the kernel is done with all of it.
    SUCCEED();
}
