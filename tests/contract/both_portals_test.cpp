// SPDX-License-Identifier: Apache-2.0
// One volume of an emulated array, reached through its iSCSI and its NVMe/TCP portal at once.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/child.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <random>

using drivers::Op;
using drivers::Status;
using drivers::array::EmulatedArray;

namespace {

constexpr std::size_t chunk_bytes = 64 << 10;
constexpr std::uint64_t chunk_blocks = chunk_bytes / 512;

class BothPortals {
public:
    BothPortals()
        : array_(plain())
        , iscsi(open("iscsi://"))
        , nvme(open("nvme+tcp://")) {}

    std::unique_ptr<drivers::BlockDriver> open(std::string_view scheme) {
        for (const std::string& url : array_.urls(0)) {
            if (url.starts_with(scheme)) {
                bench::plan::DriverOptions options;
                options.depth = 4;
                return bench::plan::open_driver(bench::plan::parse_url(url), options, clock_);
            }
        }
        throw std::runtime_error("the array has no such portal");
    }

private:
    static drivers::array::ChildSettings plain() {
        drivers::array::ChildSettings out;
        out.program = tests::arraybench_program();
        out.file = tests::source_dir() + "/profiles/arrays/plain.json";
        out.listen = "127.0.0.1:0";
        return out;
    }

    drivers::MonotonicClock clock_;
    EmulatedArray array_;

public:
    std::unique_ptr<drivers::BlockDriver> iscsi;
    std::unique_ptr<drivers::BlockDriver> nvme;
};

std::vector<std::byte> noise(unsigned seed) {
    std::vector<std::byte> out(chunk_bytes);
    std::mt19937 random(seed);
    for (std::byte& one : out) {
        one = static_cast<std::byte>(random());
    }
    return out;
}

drivers::Completion
run(drivers::BlockDriver& driver, Op op, std::uint64_t chunk, std::span<std::byte> data) {
    drivers::Request request;
    request.tag = chunk;
    request.op = op;
    request.range = {chunk * chunk_blocks, chunk_blocks};
    request.data = data;
    return tests::run_one(driver, request);
}

std::vector<std::byte> read_back(drivers::BlockDriver& driver, std::uint64_t chunk) {
    std::vector<std::byte> out(chunk_bytes, std::byte{0xee});
    CHECK(run(driver, Op::read, chunk, out).status == Status::good);
    return out;
}

} // namespace

TEST_CASE("what one portal writes the other reads, byte for byte", "[contract][array][portals]") {
    BothPortals both;
    CHECK(both.iscsi->geometry().block_count == both.nvme->geometry().block_count);
    CHECK(both.iscsi->geometry().block_bytes == both.nvme->geometry().block_bytes);
    CHECK(both.iscsi->identity().unique_id == both.nvme->identity().unique_id);
    for (unsigned chunk = 0; chunk < 32; ++chunk) {
        drivers::BlockDriver& writer = chunk % 2 == 0 ? *both.iscsi : *both.nvme;
        std::vector<std::byte> data = noise(chunk);
        REQUIRE(run(writer, Op::write, chunk, data).status == Status::good);
    }
    for (unsigned chunk = 0; chunk < 32; ++chunk) {
        CAPTURE(chunk);
        CHECK(read_back(*both.iscsi, chunk) == noise(chunk));
        CHECK(read_back(*both.nvme, chunk) == noise(chunk));
    }
}

TEST_CASE("what one portal unmaps or zeroes is zero through the other",
          "[contract][array][portals]") {
    BothPortals both;
    const std::vector<std::byte> zeroes(chunk_bytes);
    const Op op = GENERATE(Op::unmap, Op::write_zeroes);
    for (unsigned chunk = 0; chunk < 4; ++chunk) {
        std::vector<std::byte> data = noise(chunk);
        REQUIRE(run(*both.iscsi, Op::write, chunk, data).status == Status::good);
        drivers::BlockDriver& eraser = chunk % 2 == 0 ? *both.iscsi : *both.nvme;
        drivers::Request request;
        request.op = op;
        request.range = {chunk * chunk_blocks, chunk_blocks};
        const drivers::BlockRange only = request.range;
        request.ranges = std::span(&only, 1);
        REQUIRE(tests::run_one(eraser, request).status == Status::good);
        drivers::BlockDriver& reader = chunk % 2 == 0 ? *both.nvme : *both.iscsi;
        CHECK(read_back(reader, chunk) == zeroes);
    }
}

TEST_CASE("each portal compares against what the other wrote", "[contract][array][portals]") {
    BothPortals both;
    std::vector<std::byte> data = noise(1);
    REQUIRE(run(*both.iscsi, Op::write, 5, data).status == Status::good);
    CHECK(run(*both.nvme, Op::compare, 5, data).status == Status::good);
    data[100] ^= std::byte{1};
    CHECK(run(*both.nvme, Op::compare, 5, data).status == Status::failed);
    REQUIRE(run(*both.nvme, Op::write, 5, data).status == Status::good);
    CHECK(run(*both.iscsi, Op::compare, 5, data).status == Status::good);
}
