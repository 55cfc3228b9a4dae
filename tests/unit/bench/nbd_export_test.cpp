// SPDX-License-Identifier: Apache-2.0
// What the nbdkit plugin serves, without nbdkit.
#include "bench/nbdkit/export.h"
#include "bench/plan/driver_end_text.h"
#include "drivers/api/errors.h"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

using bench::nbdkit::Export;
using bench::nbdkit::ExportSettings;
using Catch::Contains;

namespace {

ExportSettings settings(const std::string& destroy = "") {
    ExportSettings out;
    out.set("url", "memory:size=8MiB,block=4KiB,serial=M-1");
    if (!destroy.empty()) {
        out.set("destroy", destroy);
    }
    return out;
}

class StoppedClock final : public drivers::Clock { // For two threads.
public:
    drivers::TimePoint now() const noexcept override { return drivers::TimePoint(since_); }
    void sleep_until(drivers::TimePoint) override {}
    void advance(drivers::Duration by) { since_ = since_.load() + by; }

private:
    std::atomic<drivers::Duration> since_{};
};

class RefusingDriver final : public drivers::BlockDriver { // As one whose array is lost.
public:
    const drivers::Geometry& geometry() const noexcept override { return geometry_; }
    const drivers::Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return 1; }
    bool submit(const drivers::Request& request) noexcept override {
        ++asked;
        taken_ = request.tag;
        return gives_in;
    }
    std::size_t poll(std::span<drivers::Completion> out) noexcept override {
        out[0] = {.tag = taken_};
        return std::exchange(taken_, 0) != 0 && gives_in ? 1 : 0;
    }
    int wait_fd() const noexcept override { return -1; }
    drivers::TimePoint next_timer() const noexcept override { return drivers::TimePoint::max(); }
    drivers::DriverEnd ended() const noexcept override { return end; }
    std::string_view end_reason() const noexcept override { return "as it pleases"; }

    drivers::DriverEnd end = drivers::DriverEnd::none;
    std::atomic<int> asked{0};
    std::atomic<bool> gives_in{false};

private:
    std::uint64_t taken_ = 0;
    drivers::Geometry geometry_;
    drivers::Identity identity_;
};

} // namespace

TEST_CASE("why a driver has ended goes from the server to whoever started it", "[nbd]") {
    using bench::plan::driver_end_from;
    using bench::plan::driver_end_text;
    using drivers::DriverEnd;
    for (const DriverEnd end : {DriverEnd::lost,
                                DriverEnd::another_lun,
                                DriverEnd::less_secure,
                                DriverEnd::broke_protocol}) {
        const auto told = driver_end_from(driver_end_text(end, "it says: so and so"));
        REQUIRE(told);
        CHECK(told->end == end);
        CHECK(told->reason == "it says: so and so");
    }
    CHECK(driver_end_text(DriverEnd::none, "x").empty());
    for (const char* none : {"", " ", "broke_protocol", "broke protocol x", "lost\nx"}) {
        CHECK_FALSE(driver_end_from(none));
    }
}

TEST_CASE("the end of a driver is told before anybody hears of a request that ended with it",
          "[nbd]") {
    StoppedClock clock;
    auto owned = std::make_unique<RefusingDriver>();
    owned->gives_in = true;
    owned->end = drivers::DriverEnd::broke_protocol;
    std::atomic<int> told{0};
    bench::nbdkit::LunService service(std::move(owned),
                                      clock,
                                      std::chrono::seconds(1),
                                      [&told](drivers::DriverEnd end, std::string_view reason) {
                                          told += end == drivers::DriverEnd::broke_protocol &&
                                                          reason == "as it pleases"
                                                      ? 1
                                                      : 100;
                                      });
    (void)service.execute({});
    CHECK(told == 1);
    (void)service.execute({});
    CHECK(told == 1); // Once.
}

TEST_CASE("an export is read-only unless its LUN is named", "[nbd]") {
    Export plain(settings(), false);
    std::vector<std::byte> data(4096, std::byte{1});
    CHECK_FALSE(plain.is_writable());
    CHECK(plain.write(data.data(), 4096, 0, false) == EPERM);
    CHECK(plain.trim(4096, 0, false) == EPERM);
    CHECK(plain.zero(4096, 0, false) == EPERM);
    CHECK(plain.read(data.data(), 4096, 0) == 0);
    CHECK(data[0] == std::byte{0});
    CHECK_FALSE(Export(settings("M-1"), true).is_writable()); // nbdkit -r
    CHECK_THROWS_AS(Export(settings("M-2"), false), drivers::SafetyError);
    ExportSettings cleared = settings("M-2");
    cleared.cleared = true; // It has become another LUN since.
    CHECK_THROWS_WITH(Export(cleared, false), Contains("has become another LUN"));
}

TEST_CASE("reads of any bytes and writes of whole blocks are served", "[nbd]") {
    Export lun(settings("M-1"), false);
    CHECK(lun.size_bytes() == 8 << 20);
    CHECK(lun.block_sizes().least == 4096);
    std::vector<std::byte> data(std::size_t{3} * 4096);
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = static_cast<std::byte>(i % 251);
    }
    REQUIRE(lun.write(data.data(), 3 * 4096, 8192, true) == 0);
    CHECK(lun.write(data.data(), 512, 8192, false) == EINVAL);
    CHECK(lun.write(data.data(), 4096, 100, false) == EINVAL);
    std::vector<std::byte> part(5000);
    REQUIRE(lun.read(part.data(), 5000, 8192 + 4000) == 0);
    CHECK(std::equal(part.begin(), part.end(), data.begin() + 4000));
    CHECK(lun.zero(4096, 8192, false) == 0);
    CHECK(lun.zero(100, 8192, false) == EOPNOTSUPP);
    CHECK(lun.trim(8000, 8192 + 4000, true) == 0); // Only the one whole block within.
    REQUIRE(lun.read(part.data(), 5000, 8192 + 4096) == 0);
    CHECK(part[10] == std::byte{0});
    CHECK(part[4096] == data[std::size_t{2} * 4096]);
    CHECK(lun.flush() == 0);
    CHECK(lun.read(part.data(), 4096, 8U << 20U) == EIO); // nbdkit itself lets nobody ask this.
}

TEST_CASE("what a LUN answers becomes the error that a client can tell apart", "[nbd]") {
    using drivers::Status;
    const auto error = [](Status status, std::uint32_t sense) {
        drivers::Completion end;
        end.status = status;
        end.sense = sense;
        return bench::nbdkit::error_of(end);
    };
    CHECK(error(Status::good, 0) == 0);
    CHECK(error(Status::failed, 0x072700) == EPERM);  // SCSI: write protected
    CHECK(error(Status::failed, 0x0020) == EPERM);    // NVMe: namespace is write protected
    CHECK(error(Status::failed, 0x0182) == EPERM);    // NVMe: write to a read-only range
    CHECK(error(Status::failed, 0x072707) == ENOSPC); // SCSI: space allocation failed
    CHECK(error(Status::failed, 0x0081) == ENOSPC);   // NVMe: capacity exceeded
    CHECK(error(Status::failed, 0x031100) == EIO);    // SCSI: unrecovered read error
    CHECK(error(Status::failed, 0x0281) == EIO);      // NVMe: unrecovered read error
    CHECK(error(Status::lost, 0) == EIO);
    CHECK(error(Status::timed_out, 0) == EIO);
}

TEST_CASE("many threads share one session and each gets its own answer", "[nbd]") {
    Export lun(settings("M-1"), false);
    std::atomic<int> wrong{0};
    std::vector<std::thread> clients;
    for (unsigned client = 0; client < 8; ++client) {
        clients.emplace_back([&lun, &wrong, client] {
            std::array<std::byte, 4096> block{};
            for (unsigned turn = 0; turn < 200; ++turn) {
                const std::uint64_t at = (client * 200ULL + turn) % 2048 * 4096;
                block.fill(static_cast<std::byte>(client * 31 + turn));
                wrong += lun.write(block.data(), 4096, at, false) == 0 ? 0 : 1;
                const std::byte sent = block[0];
                block.fill(std::byte{0xee});
                wrong += lun.read(block.data(), 4096, at) == 0 && block[4095] == sent ? 0 : 1;
            }
        });
    }
    for (std::thread& client : clients) {
        client.join();
    }
    CHECK(wrong == 0);
}

TEST_CASE("a driver that refuses for ever keeps nobody waiting for ever", "[nbd]") {
    StoppedClock clock;
    auto refusing = std::make_unique<RefusingDriver>();
    RefusingDriver& driver = *refusing;
    bench::nbdkit::LunService service(std::move(refusing), clock, std::chrono::seconds(5));
    std::atomic<bool> ended{false};
    drivers::Completion end;
    std::thread client([&] {
        end = service.execute({});
        ended = true;
    });
    while (driver.asked < 3) { // It is tried again and again ...
        std::this_thread::yield();
    }
    CHECK_FALSE(ended); // ... while there is hope.
    clock.advance(std::chrono::seconds(5));
    for (int tries = driver.asked; !ended && driver.asked < tries + 1000;) {
        std::this_thread::yield();
    }
    driver.gives_in = true; // So that a client that is still waiting is let go, too late.
    client.join();
    CHECK(end.status == drivers::Status::timed_out);
    if (ended && end.status == drivers::Status::timed_out) { // The next need not wait once more ...
        driver.gives_in = false;
        CHECK(service.execute({}).status == drivers::Status::timed_out);
        driver.gives_in = true; // ... and the first that is taken brings hope back.
        CHECK(service.execute({}).status == drivers::Status::good);
    }
    CHECK(bench::nbdkit::error_of(end) == EIO);
}

TEST_CASE("a wrong word on nbdkit's command line is told with what was wanted", "[nbd]") {
    ExportSettings out;
    CHECK_THROWS_WITH(out.check(), Contains("wanted url="));
    CHECK_THROWS_WITH(out.set("depth", "0"), Contains("wanted 1 to"));
    CHECK_THROWS_WITH(out.set("timeout", "never"), Contains("wanted a time like 30s"));
    CHECK_THROWS_WITH(out.set("timeout", "0s"), Contains("wanted a time like 30s"));
    CHECK_THROWS_WITH(out.set("colour", "red"), Contains("wanted url=, destroy="));
    CHECK_THROWS_AS(out.set("url", "nonsense"), drivers::UsageError);
    out.set("url", "null:size=1GiB");
    out.set("overwrite-data", "true");
    CHECK_THROWS_WITH(out.check(), Contains("wanted destroy=ID with it"));
}
