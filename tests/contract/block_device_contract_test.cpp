// SPDX-License-Identifier: Apache-2.0
// The io_uring driver on a file and, where this host lets a test have one, on a loop device.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/block_device/block_device_driver.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/loop_device.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/file.h>

#include <filesystem>
#include <fstream>

using drivers::Completion;
using drivers::Op;
using drivers::Request;
using drivers::Status;

namespace {

constexpr std::uint64_t file_bytes = 64U << 20U;

std::string new_file(const tests::ScratchFolder& folder, std::uint64_t size_bytes = file_bytes) {
    const std::string path = folder.path() + "/lun";
    std::ofstream(path).close();
    std::filesystem::resize_file(path, size_bytes);
    return path;
}

std::unique_ptr<drivers::BlockDriver>
open(const std::string& url, std::size_t depth, drivers::Clock& clock) {
    bench::plan::DriverOptions options;
    options.depth = depth;
    return bench::plan::open_driver(bench::plan::parse_url(url), options, clock);
}

drivers::LunReport probe(const std::string& url, drivers::Clock& clock) {
    return bench::plan::probe_lun(bench::plan::parse_url(url), {}, clock);
}

Request whole_block(Op op, std::uint64_t lba, std::vector<std::byte>& data) {
    Request out;
    out.tag = lba + 1;
    out.op = op;
    out.range = {lba, 1};
    out.data = data;
    return out;
}

// Another file takes the name of the one that is open.
tests::LunExchange another_file_at(const tests::ScratchFolder& folder) {
    const std::string other = folder.path() + "/other";
    std::ofstream(other).close();
    std::filesystem::resize_file(other, file_bytes);
    struct stat seen {};
    REQUIRE(::stat(other.c_str(), &seen) == 0);
    tests::LunExchange out;
    out.name = "another file has its name";
    out.exchange = [other, path = folder.path() + "/lun"] {
        std::filesystem::rename(other, path);
    };
    out.writes_elsewhere = [path = folder.path() + "/lun"] {
        struct stat now {};
        return ::stat(path.c_str(), &now) == 0 ? static_cast<std::uint64_t>(now.st_blocks) : 1;
    };
    out.other = drivers::block_device::file_identity(other, seen).serial;
    return out;
}

} // namespace

TEST_CASE("the block device driver keeps the contract on a file", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string url = "file:" + new_file(folder);
    drivers::MonotonicClock clock;
    tests::ContractSubject subject;
    subject.exchanges.push_back(another_file_at(folder));
    subject.open = [&](std::size_t depth) {
        return open(url, depth, clock);
    };
    tests::check_block_driver_contract(subject);
}

TEST_CASE("the block device driver keeps the contract on a loop device",
          "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string path = new_file(folder);
    const tests::LoopDevice loop(path);
    if (loop.name().empty()) {
        WARN("LEFT OUT: this user may have no loop device, so no block device was tested");
        return;
    }
    drivers::MonotonicClock clock;
    tests::ContractSubject subject;
    // The kernel asks the file anew how large it is: another size is another LUN.
    subject.exchanges.push_back({"its size has changed",
                                 [&] {
                                     std::filesystem::resize_file(path, 2 * file_bytes);
                                     const int fd = ::open(loop.name().c_str(), O_RDONLY);
                                     REQUIRE(::ioctl(fd, LOOP_SET_CAPACITY, 0) == 0);
                                     ::close(fd);
                                 },
                                 [] { return std::uint64_t{0}; },
                                 std::to_string(2 * file_bytes / 512) + " blocks"});
    subject.open = [&](std::size_t depth) {
        return open(loop.name(), depth, clock);
    };
    tests::check_block_driver_contract(subject);
}

TEST_CASE("a loop device is claimed by the first driver and shared by the next",
          "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string path = new_file(folder);
    const tests::LoopDevice loop(path);
    if (loop.name().empty()) {
        WARN("LEFT OUT: this user may have no loop device, so no claim was tested");
        return;
    }
    drivers::MonotonicClock clock;
    {
        const auto first = open(loop.name(), 1, clock);
        const auto second = open(loop.name(), 1, clock);
        std::vector<std::byte> data(second->geometry().block_bytes, std::byte{7});
        CHECK(tests::run_one(*second, whole_block(Op::write, 3, data)).status == Status::good);
        // Whoever wants the device for himself, as mount(8) and LVM do, is told that it is taken.
        const int other = ::open(loop.name().c_str(), O_RDWR | O_EXCL | O_CLOEXEC);
        CHECK(other == -1);
        if (other >= 0) {
            ::close(other);
        }
        CHECK(probe(loop.name(), clock).in_use.empty());
    }
    const int other = ::open(loop.name().c_str(), O_RDWR | O_EXCL | O_CLOEXEC);
    REQUIRE(other >= 0);
    // ... and now that it is his, the driver reads it and no more. The descriptor stands for a
    // foreign program's: it has not asked for direct I/O, so it is not taken for a driver's own.
    const auto late = open(loop.name(), 1, clock);
    std::vector<std::byte> data(late->geometry().block_bytes, std::byte{8});
    CHECK(tests::run_one(*late, whole_block(Op::read, 3, data)).status == Status::good);
    CHECK(data[0] == std::byte{7});
    const Completion refused = tests::run_one(*late, whole_block(Op::write, 3, data));
    CHECK(refused.status == Status::failed);
    CHECK(refused.sense == 0x072700);
    CHECK(probe(loop.name(), clock).in_use == "opened exclusively by another program");
    ::close(other);
    // The file behind a device is that device's, whatever the file itself says.
    CHECK(probe("file:" + path, clock).in_use == "behind " + loop.name());
}

namespace {

// How often the kernel has told the device to make its cache durable: Documentation/block/stat.
std::uint64_t flushes_of(const std::string& device) {
    std::ifstream in("/sys/block" + device.substr(device.rfind('/')) + "/stat");
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 0; in >> number;) {
        numbers.push_back(number);
    }
    constexpr std::size_t flush_place = 15;
    return numbers.size() > flush_place ? numbers[flush_place] : 0;
}

} // namespace

TEST_CASE("a write with FUA is durable when it is answered, one without leaves the cache alone",
          "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const tests::LoopDevice loop(new_file(folder));
    if (loop.name().empty()) {
        WARN("LEFT OUT: this user may have no loop device, so FUA was not looked at");
        return;
    }
    drivers::MonotonicClock clock;
    const auto driver = open(loop.name(), 1, clock);
    std::vector<std::byte> data(driver->geometry().block_bytes, std::byte{3});
    const auto flushes_in = [&](Request request) {
        const std::uint64_t before = flushes_of(loop.name());
        REQUIRE(tests::run_one(*driver, request).status == Status::good);
        return flushes_of(loop.name()) - before;
    };
    Request flush;
    flush.op = Op::flush;
    (void)flushes_in(whole_block(Op::write, 1, data)); // Dirty, or a flush is passed over.
    if (flushes_in(flush) == 0) {
        WARN("LEFT OUT: this kernel counts no flushes of a loop device");
        return;
    }
    // A loop device knows no FUA of its own: the kernel flushes behind each such write.
    Request durable = whole_block(Op::write, 2, data);
    durable.force_unit_access = true;
    CHECK(flushes_in(durable) == 1);
    CHECK(flushes_in(whole_block(Op::write, 3, data)) == 0);
    CHECK(flushes_in(whole_block(Op::read, 3, data)) == 0);
}

TEST_CASE("a file that another holds is read and never written", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string path = new_file(folder);
    drivers::MonotonicClock clock;
    const int other = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
    const auto driver = open("file:" + path, 2, clock);
    std::vector<std::byte> data(driver->geometry().block_bytes, std::byte{1});
    CHECK(tests::run_one(*driver, whole_block(Op::write, 0, data)).sense == 0x072700);
    CHECK(tests::run_one(*driver, whole_block(Op::read, 0, data)).status == Status::good);
    CHECK(data[0] == std::byte{0});
    CHECK(probe("file:" + path, clock).in_use == "locked by another program");
    ::close(other);
    CHECK(probe("file:" + path, clock).in_use.empty());
}

TEST_CASE("buffers at any address and registered ones carry the same bytes",
          "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string url = "file:" + new_file(folder);
    drivers::MonotonicClock clock;
    const auto driver = open(url, 4, clock);
    const std::size_t block = driver->geometry().block_bytes;
    struct alignas(4096) Page {
        std::array<std::byte, 16384> bytes;
    };
    const auto page = std::make_unique<Page>();
    driver->use_memory(page->bytes);
    for (const std::size_t shift : {std::size_t{0}, std::size_t{4096}, std::size_t{1}}) {
        const auto data = std::span(page->bytes).subspan(shift, block);
        for (std::size_t i = 0; i < data.size(); ++i) {
            data[i] = static_cast<std::byte>((i * 7 + shift) & 0xff);
        }
        const std::vector<std::byte> sent(data.begin(), data.end());
        Request request;
        request.op = Op::write;
        request.range = {shift, 1};
        request.data = data;
        REQUIRE(tests::run_one(*driver, request).status == Status::good);
        std::fill(data.begin(), data.end(), std::byte{0});
        request.op = Op::read;
        REQUIRE(tests::run_one(*driver, request).status == Status::good);
        CHECK(std::equal(sent.begin(), sent.end(), data.begin()));
    }
    driver->use_memory({});
    // The page is somebody else's from here on: reads land where they are told to.
    std::vector<std::byte> again(block);
    CHECK(tests::run_one(*driver, whole_block(Op::read, 4096, again)).status == Status::good);
    CHECK(again[1] == static_cast<std::byte>((7 + 4096) & 0xff));
}

TEST_CASE("a driver that ends waits for what the kernel has begun", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    const std::string path = new_file(folder);
    drivers::MonotonicClock clock;
    constexpr std::size_t depth = 32;
    const std::size_t bytes = 65536;
    std::vector<std::vector<std::byte>> data(depth, std::vector<std::byte>(bytes, std::byte{5}));
    {
        const auto driver = open("file:" + path, depth, clock);
        for (std::size_t i = 0; i < depth; ++i) {
            Request request = whole_block(Op::write, 0, data[i]);
            request.tag = i;
            request.range = {i * bytes / driver->geometry().block_bytes,
                             bytes / driver->geometry().block_bytes};
            REQUIRE(driver->submit(request));
        }
        CHECK_FALSE(driver->submit(whole_block(Op::read, 0, data[0])));
    }
    data.clear();
    std::ifstream in(path, std::ios::binary);
    std::vector<char> seen(depth * bytes);
    in.read(seen.data(), static_cast<std::streamsize>(seen.size()));
    CHECK(std::all_of(seen.begin(), seen.end(), [](char c) { return c == 5; }));
}

TEST_CASE("requests that end at once count for the queue's depth", "[contract][block_device]") {
    const tests::ScratchFolder folder;
    drivers::MonotonicClock clock;
    const auto driver = open("file:" + new_file(folder), 2, clock);
    std::vector<std::byte> wrong(3);
    CHECK(driver->submit(whole_block(Op::read, 0, wrong)));
    CHECK(driver->submit(whole_block(Op::read, 1, wrong)));
    CHECK_FALSE(driver->submit(whole_block(Op::read, 2, wrong)));
    std::array<Completion, 8> out{};
    REQUIRE(driver->poll(out) == 2);
    CHECK(out[0].tag == 1);
    CHECK(out[1].tag == 2);
    CHECK(out[1].sense == 0x052400);
}

TEST_CASE("what is no block device and no file of some size is refused with its name",
          "[contract][block_device]") {
    const tests::ScratchFolder folder;
    drivers::MonotonicClock clock;
    CHECK_THROWS_WITH(open("file:" + folder.path() + "/none", 1, clock),
                      Catch::Contains("/none: No such file"));
    CHECK_THROWS_WITH(open("file:" + folder.path(), 1, clock),
                      Catch::Contains("wanted a block device or a regular file"));
    CHECK_THROWS_WITH(open(std::string("/dev/null"), 1, clock),
                      Catch::Contains("wanted a block device"));
    const std::string tiny = new_file(folder, 512);
    CHECK_THROWS_WITH(open("file:" + tiny, 1, clock), Catch::Contains("at least two blocks"));
}
