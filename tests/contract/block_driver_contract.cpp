// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/block_driver_contract.h"

#include <catch2/catch.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <map>
#include <vector>

namespace tests {

using drivers::BlockDriver;
using drivers::BlockRange;
using drivers::Completion;
using drivers::Op;
using drivers::Request;
using drivers::Status;

namespace {

using Buffer = std::vector<std::byte>;

Buffer pattern(const BlockDriver& driver, std::uint64_t blocks, unsigned seed) {
    Buffer out(blocks * driver.geometry().block_bytes);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::byte>((i * 131 + i / 512 + seed * 17 + 1) & 0xff);
    }
    return out;
}

Request request(Op op, BlockRange range, Buffer* data = nullptr) {
    static std::uint64_t next_tag = 1000;
    Request out;
    out.tag = next_tag++;
    out.op = op;
    out.range = range;
    if (data != nullptr) {
        out.data = *data;
    }
    return out;
}

void write(BlockDriver& driver, std::uint64_t lba, Buffer& data, bool force = false) {
    Request out = request(Op::write, {lba, data.size() / driver.geometry().block_bytes}, &data);
    out.force_unit_access = force;
    const Completion done = run_one(driver, out);
    INFO("sense " << done.sense << " of a write of " << data.size() << " bytes");
    REQUIRE(done.status == Status::good);
}

Buffer read(BlockDriver& driver, std::uint64_t lba, std::uint64_t blocks) {
    Buffer out(blocks * driver.geometry().block_bytes, std::byte{0xee});
    REQUIRE(run_one(driver, request(Op::read, {lba, blocks}, &out)).status == Status::good);
    return out;
}

bool all_zero(const Buffer& data) {
    return std::all_of(data.begin(), data.end(), [](std::byte b) { return b == std::byte{0}; });
}

void check_read_back(BlockDriver& driver) {
    // Odd places and a size above any burst length, so that every transfer form is used.
    const std::uint64_t allowed =
        driver.geometry().transfer_bytes_max / driver.geometry().block_bytes;
    for (std::uint64_t blocks : {1ULL, 7ULL, 8ULL, 2048ULL}) {
        blocks = allowed == 0 ? blocks : std::min(blocks, allowed);
        Buffer data = pattern(driver, blocks, static_cast<unsigned>(blocks));
        write(driver, 3, data, blocks == 8);
        CHECK(read(driver, 3, blocks) == data);
    }
    const std::uint64_t last = driver.geometry().block_count - 1;
    Buffer data = pattern(driver, 1, 5);
    write(driver, last, data);
    CHECK(read(driver, last, 1) == data);
    CHECK(run_one(driver, request(Op::flush, {})).status == Status::good);
    CHECK(read(driver, last, 1) == data);
}

void check_zeroing(const ContractSubject& subject, BlockDriver& driver) {
    const Buffer data = pattern(driver, 64, 9);
    Buffer copy = data;
    write(driver, 64, copy);
    CHECK(run_one(driver, request(Op::write_zeroes, {72, 8})).status == Status::good);
    CHECK(all_zero(read(driver, 72, 8)));
    const std::array<BlockRange, 2> ranges{{{64, 8}, {112, 16}}};
    Request unmap = request(Op::unmap, {});
    unmap.ranges = ranges;
    const Completion unmapped = run_one(driver, unmap);
    CHECK(unmapped.sense == 0);
    CHECK(unmapped.status == Status::good);
    if (subject.unmap_reads_zero) {
        CHECK(all_zero(read(driver, 64, 8)));
        CHECK(all_zero(read(driver, 112, 16)));
    }
    const auto block = driver.geometry().block_bytes;
    const Buffer kept = read(driver, 80, 32);
    CHECK(std::memcmp(kept.data(), data.data() + std::size_t{16} * block, kept.size()) == 0);
}

void check_compare(const ContractSubject& subject, BlockDriver& driver) {
    Buffer data = pattern(driver, 8, 3);
    write(driver, 16, data);
    CHECK(run_one(driver, request(Op::compare, {16, 8}, &data)).status == Status::good);
    data[777] ^= std::byte{1};
    const Completion differs = run_one(driver, request(Op::compare, {16, 8}, &data));
    CHECK(differs.status == Status::failed);
    CHECK(differs.sense == subject.miscompare_sense);
}

// Nothing to do is done at once, and above all never means "to the end of the LUN".
void check_zero_length(const ContractSubject& subject, BlockDriver& driver) {
    Buffer data = pattern(driver, 8, 4);
    Buffer nothing;
    write(driver, 40, data);
    for (const Op op : {Op::read, Op::write, Op::compare}) {
        CHECK(run_one(driver, request(op, {40, 0}, &nothing)).status == Status::good);
    }
    CHECK(run_one(driver, request(Op::write_zeroes, {40, 0})).status == Status::good);
    CHECK(run_one(driver, request(Op::unmap, {})).status == Status::good);
    if (subject.keeps_data) {
        CHECK(read(driver, 40, 8) == data);
    }
}

void check_out_of_range(const ContractSubject& subject, BlockDriver& driver) {
    const std::uint64_t end = driver.geometry().block_count;
    Buffer data = pattern(driver, 2, 1);
    for (const Op op : {Op::read, Op::write}) {
        for (const std::uint64_t lba : {end - 1, end, ~std::uint64_t{0} - 1}) {
            const Completion done = run_one(driver, request(op, {lba, 2}, &data));
            CHECK(done.status == Status::failed);
            CHECK(done.sense == subject.out_of_range_sense);
        }
    }
    const Completion zeroes = run_one(driver, request(Op::write_zeroes, {end, 1}));
    CHECK(zeroes.status == Status::failed);
    CHECK(zeroes.sense == subject.out_of_range_sense);
    // A buffer that does not fit the range is refused, not overrun.
    CHECK(run_one(driver, request(Op::read, {0, 3}, &data)).status == Status::failed);
    CHECK(run_one(driver, request(Op::write, {0, 1}, &data)).status == Status::failed);
}

void check_depth(const ContractSubject& subject) {
    constexpr std::size_t depth = 4;
    const auto driver = subject.open(depth);
    CHECK(driver->depth() == depth);
    std::vector<Buffer> buffers(depth + 1, pattern(*driver, 8, 2));
    std::map<std::uint64_t, int> answers;
    for (std::size_t i = 0; i < depth; ++i) {
        const Request read = request(Op::read, {i * 8, 8}, &buffers[i]);
        answers[read.tag] = 0;
        REQUIRE(driver->submit(read));
    }
    // Full: the fifth is not taken, so it is never answered.
    CHECK_FALSE(driver->submit(request(Op::read, {0, 8}, &buffers[depth])));
    for (std::size_t i = 0; i < depth; ++i) {
        const Completion done = wait_for_one(*driver);
        CHECK(done.status == Status::good);
        REQUIRE(answers.count(done.tag) == 1);
        CHECK(++answers[done.tag] == 1);
    }
    std::array<Completion, 8> more{};
    CHECK(driver->poll(more) == 0);
    CHECK(run_one(*driver, request(Op::read, {0, 8}, &buffers[0])).status == Status::good);
}

// Many in flight for long: every tag answered exactly once, whatever the order.
void check_stream(const ContractSubject& subject) {
    constexpr std::size_t depth = 16;
    constexpr std::uint64_t total = 2000;
    const auto driver = subject.open(depth);
    std::vector<Buffer> buffers(depth, Buffer(std::size_t{8} * driver->geometry().block_bytes));
    std::map<std::uint64_t, std::size_t> in_flight;
    std::vector<std::size_t> idle(depth);
    for (std::size_t i = 0; i < depth; ++i) {
        idle[i] = i;
    }
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    while (answered < total) {
        while (sent < total && !idle.empty()) {
            const Op op = sent % 3 == 0 ? Op::write : Op::read;
            const Request next = request(op, {(sent * 8) % 1024, 8}, &buffers[idle.back()]);
            REQUIRE(driver->submit(next));
            in_flight[next.tag] = idle.back();
            idle.pop_back();
            ++sent;
        }
        const Completion done = wait_for_one(*driver);
        REQUIRE(done.status == Status::good);
        REQUIRE(in_flight.count(done.tag) == 1);
        idle.push_back(in_flight[done.tag]);
        in_flight.erase(done.tag);
        ++answered;
    }
    CHECK(in_flight.empty());
}

// Writes, one after the other, until the driver has ended; how many the array has answered.
std::size_t write_to_the_end(BlockDriver& driver, Buffer& data) {
    using std::chrono::steady_clock;
    const auto give_up = steady_clock::now() + std::chrono::seconds(20);
    std::size_t good = 0;
    std::array<Completion, 1> out{};
    while (driver.ended() == drivers::DriverEnd::none && steady_clock::now() < give_up) {
        if (!driver.submit(request(Op::write, {8, 8}, &data))) {
            CHECK(driver.poll(out) == 0); // A driver that has lost its LUN may refuse for a while.
            continue;
        }
        good += wait_for_one(driver).status == Status::good ? 1U : 0U;
    }
    return good;
}

// Whatever answers in the LUN's place, nothing is written to it, and both are named.
void check_exchange(const ContractSubject& subject, const LunExchange& way) {
    const auto driver = subject.open(4);
    Buffer data = pattern(*driver, 8, 11);
    write(*driver, 8, data);
    CHECK(driver->ended() == drivers::DriverEnd::none);
    CHECK(driver->end_reason().empty());
    way.exchange();
    hear(*driver, std::chrono::milliseconds(20));
    (void)write_to_the_end(*driver, data);
    REQUIRE(driver->ended() == drivers::DriverEnd::another_lun);
    const std::string reason(driver->end_reason());
    const drivers::Identity& who = driver->identity();
    CAPTURE(reason);
    CHECK(reason.find(who.unique_id.empty() ? who.serial : who.unique_id) != std::string::npos);
    CHECK(reason.find(way.other) != std::string::npos);
    CHECK(run_one(*driver, request(Op::write, {8, 8}, &data)).status == Status::lost);
    CHECK(run_one(*driver, request(Op::read, {8, 8}, &data)).status == Status::lost);
    CHECK(driver->access() == drivers::Access::down);
    CHECK(way.writes_elsewhere() == 0);
}

} // namespace

void hear(BlockDriver& driver, std::chrono::milliseconds time) {
    using std::chrono::steady_clock;
    std::array<Completion, 4> out{};
    const auto until = steady_clock::now() + time;
    while (steady_clock::now() < until && driver.ended() == drivers::DriverEnd::none) {
        CHECK(driver.poll(out) == 0);
        pollfd fd{driver.wait_fd(), POLLIN, 0};
        ::poll(&fd, driver.wait_fd() >= 0 ? 1 : 0, 1);
    }
}

Completion wait_for_one(BlockDriver& driver) {
    using std::chrono::steady_clock;
    std::array<Completion, 1> out{};
    const auto give_up = steady_clock::now() + std::chrono::seconds(20);
    while (steady_clock::now() < give_up) {
        if (driver.poll(out) == 1) {
            return out[0];
        }
        if (driver.wait_fd() >= 0 && driver.next_timer() > steady_clock::now()) {
            // The descriptor must wake this up: a sleep that always runs out would show as a
            // failure.
            const auto left = driver.next_timer() - steady_clock::now();
            const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
            pollfd fd{driver.wait_fd(), POLLIN, 0};
            ::poll(&fd, 1, static_cast<int>(std::clamp<long>(ms, 0, 20000)));
        }
    }
    FAIL("no completion within 20 s");
    return {};
}

Completion run_one(BlockDriver& driver, const Request& request) {
    REQUIRE(driver.submit(request));
    const Completion done = wait_for_one(driver);
    CHECK(done.tag == request.tag);
    std::array<Completion, 1> more{};
    CHECK(driver.poll(more) == 0);
    return done;
}

void check_block_driver_contract(const ContractSubject& subject) {
    SECTION("the geometry is usable and the identity says something") {
        const auto driver = subject.open(1);
        CHECK(driver->geometry().block_bytes >= 512);
        CHECK(driver->geometry().block_count > 4096);
        CHECK_FALSE((driver->identity().serial + driver->identity().unique_id).empty());
    }
    SECTION("what is written is read back") {
        if (subject.keeps_data) {
            check_read_back(*subject.open(8));
        }
    }
    SECTION("zeroes and unmapped ranges read as zero, their neighbours stay") {
        if (subject.keeps_data) {
            check_zeroing(subject, *subject.open(8));
        }
    }
    SECTION("compare tells equal from different") {
        if (subject.has_compare) {
            check_compare(subject, *subject.open(8));
        }
    }
    SECTION("a request for nothing does nothing") {
        check_zero_length(subject, *subject.open(8));
    }
    SECTION("what does not fit fails with its sense") {
        if (subject.keeps_data) {
            check_out_of_range(subject, *subject.open(8));
        }
    }
    SECTION("a full queue takes nothing, and each tag is answered once") {
        check_depth(subject);
    }
    SECTION("a long stream of mixed requests is answered tag by tag") {
        check_stream(subject);
    }
    SECTION("a driver says how its LUN may become another one, or why it cannot") {
        CHECK(subject.exchanges.empty() == !subject.cannot_be_exchanged.empty());
    }
    for (const LunExchange& way : subject.exchanges) {
        DYNAMIC_SECTION("another LUN is never written to: " << way.name) {
            check_exchange(subject, way);
        }
    }
}

} // namespace tests
