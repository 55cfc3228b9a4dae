// SPDX-License-Identifier: Apache-2.0
// One run a LUN among hosts that share nothing but the LUN.
#include "bench/campaign/block_lease.h"
#include "bench/campaign/safety.h"
#include "bench/plan/driver_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

using namespace bench;
using namespace bench::campaign;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

constexpr std::uint64_t size_bytes = 1U << 20U;

struct SharedLun {
    SharedLun() {
        std::ofstream(path()).close();
        std::filesystem::resize_file(path(), size_bytes);
    }
    std::string path() const { return folder.path() + "/lun"; }
    BlockLease::Open opener() {
        return [this] {
            return plan::open_driver(
                plan::parse_url("file:" + path()), plan::DriverOptions{}, clock);
        };
    }
    std::vector<std::byte> last_sector() const {
        std::vector<std::byte> out(512);
        std::ifstream in(path(), std::ios::binary);
        in.seekg(static_cast<std::streamoff>(last_at()));
        in.read(reinterpret_cast<char*>(out.data()), 512); // NOLINT
        return out;
    }
    std::optional<LeaseNote> note() const {
        const std::vector<std::byte> sector = last_sector();
        return read_lease_note(std::span(sector).first<512>());
    }
    void put(const LeaseNote& note) {
        std::vector<std::byte> block(512);
        write_lease_note(note, block);
        std::fstream out(path(), std::ios::binary | std::ios::in | std::ios::out);
        out.seekp(static_cast<std::streamoff>(last_at()));
        out.write(reinterpret_cast<const char*>(block.data()), 512); // NOLINT
    }
    std::uint64_t last_at() const {
        const auto driver = plan::open_driver(
            plan::parse_url("file:" + path()), plan::DriverOptions{}, clock_for_size);
        return (driver->geometry().block_count - 1) * driver->geometry().block_bytes;
    }

    tests::ScratchFolder folder;
    drivers::MonotonicClock clock;
    mutable drivers::MonotonicClock clock_for_size;
};

BlockLeaseTerms terms(const std::string& token) {
    BlockLeaseTerms out;
    out.token = token;
    out.who = "process of " + token;
    out.beat_every = 20ms;
    out.expires_after = 600ms;
    out.settles_after = 50ms;
    return out;
}

} // namespace

TEST_CASE("a note on the LUN holds it for one run, and is gone when that ends", "[lease]") {
    SharedLun lun;
    {
        const BlockLease first(lun.opener(), lun.clock, terms("one"));
        CHECK_THROWS_WITH(BlockLease(lun.opener(), lun.clock, terms("two")),
                          Contains("held by another run") && Contains("process of one"));
        REQUIRE(lun.note());
        CHECK(lun.note()->token == "one"); // The refused one left it as it was.
        CHECK_NOTHROW(lun.note()->beat > 0);
    }
    CHECK_FALSE(lun.note());
    CHECK(integrity::is_zero(lun.last_sector()));
    const drivers::TimePoint before = lun.clock.now();
    const BlockLease second(lun.opener(), lun.clock, terms("two"));
    CHECK(lun.clock.now() - before < 400ms); // Nobody to wait for.
}

TEST_CASE("a holder that has gone is waited for until its note has expired", "[lease]") {
    SharedLun lun;
    lun.put({"gone", "process of another host", 7});
    const drivers::TimePoint before = lun.clock.now();
    const BlockLease own(lun.opener(), lun.clock, terms("own"));
    CHECK(lun.clock.now() - before >= 600ms);
    CHECK(lun.note()->token == "own");
}

TEST_CASE("a note that parts of a run share stays until none of them renews it", "[lease]") {
    SharedLun lun;
    BlockLeaseTerms shared = terms("run");
    shared.is_shared = true;
    std::optional<BlockLease> first(std::in_place, lun.opener(), lun.clock, shared);
    shared.lost = [](const std::string& why) {
        FAIL(why);
    };
    std::optional<BlockLease> second(std::in_place, lun.opener(), lun.clock, shared);
    first.reset();
    REQUIRE(lun.note());
    CHECK(second->beat()); // It finds what it left, and goes on.
    CHECK_THROWS_WITH(BlockLease(lun.opener(), lun.clock, terms("foreign")),
                      Contains("held by another run"));
    second.reset();
    const drivers::TimePoint before = lun.clock.now();
    const BlockLease foreign(lun.opener(), lun.clock, terms("foreign"));
    CHECK(lun.clock.now() - before >= 600ms);
}

TEST_CASE("of two who come at once one gets it", "[lease]") {
    SharedLun lun;
    std::vector<std::future<bool>> tries;
    std::mutex lock;
    drivers::MonotonicClock clock;
    std::vector<std::unique_ptr<BlockLease>> held; // Until all have tried: one may come late.
    for (const char* token : {"one", "two", "three"}) {
        tries.push_back(std::async(std::launch::async, [&, token] {
            const auto open = [&lun, &clock] {
                return plan::open_driver(
                    plan::parse_url("file:" + lun.path()), plan::DriverOptions{}, clock);
            };
            try {
                BlockLeaseTerms wanted = terms(token);
                wanted.settles_after = 300ms;
                auto got = std::make_unique<BlockLease>(open, clock, wanted);
                const std::lock_guard guard(lock);
                held.push_back(std::move(got));
                return true;
            } catch (const drivers::SafetyError&) {
                return false;
            }
        }));
    }
    int got = 0;
    for (auto& one : tries) {
        got += one.get() ? 1 : 0;
    }
    CHECK(got == 1);
}

TEST_CASE("a holder whose note is replaced or wiped hears of it", "[lease]") {
    for (const bool wiped : {false, true}) {
        SharedLun lun;
        std::promise<std::string> heard;
        BlockLeaseTerms own = terms("own");
        own.lost = [&](const std::string& why) {
            heard.set_value(why);
        };
        const BlockLease lease(lun.opener(), lun.clock, own);
        if (wiped) {
            std::filesystem::resize_file(lun.path(), size_bytes - 4096);
            std::filesystem::resize_file(lun.path(), size_bytes);
        } else {
            lun.put({"thief", "process of a thief", 1});
        }
        auto why = heard.get_future();
        REQUIRE(why.wait_for(20s) == std::future_status::ready);
        const std::string text = why.get();
        CHECK_THAT(text, wiped ? Contains("is gone") : Contains("process of a thief"));
    }
}

TEST_CASE("a note is the bench's own mark, and a damaged one is nobody's", "[lease]") {
    SharedLun lun;
    lun.put({"own", "a process", 3});
    std::vector<std::byte> sector = lun.last_sector();
    REQUIRE(read_lease_note(std::span(sector).first<512>()) == LeaseNote{"own", "a process", 3});
    const auto driver = lun.opener()();
    const auto report =
        plan::probe_lun(plan::parse_url("file:" + lun.path()), plan::DriverOptions{}, lun.clock);
    const WritePermission named{{driver->identity().serial}, false, 1};
    CHECK_NOTHROW(check_may_write(*driver, report, named));
    sector[30] ^= std::byte{1};
    CHECK_FALSE(read_lease_note(std::span(sector).first<512>()));
}
