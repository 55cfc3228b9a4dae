// SPDX-License-Identifier: Apache-2.0
// Never the wrong LUN: the emulated array puts another one in its place, and nothing is written to
// that.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/child.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <chrono>

using drivers::Completion;
using drivers::DriverEnd;
using drivers::Op;
using drivers::Status;
using drivers::array::EmulatedArray;
using namespace std::chrono_literals;

namespace {

drivers::MonotonicClock& clock_of_test() {
    static drivers::MonotonicClock clock;
    return clock;
}

// Writes in a closed loop to one LUN over its first iSCSI path.
struct Writer {
    explicit Writer(std::size_t depth)
        : array([] {
            drivers::array::ChildSettings settings;
            settings.program = tests::arraybench_program();
            settings.file = tests::source_dir() + "/profiles/arrays/plain.json";
            settings.listen = "127.0.0.1:0";
            return settings;
        }())
        , buffers(depth, std::vector<std::byte>(4096, std::byte{0x5a})) {
        for (const std::string& url : array.urls(0)) {
            if (driver == nullptr && url.starts_with("iscsi://")) {
                bench::plan::DriverOptions options;
                options.depth = depth;
                driver =
                    bench::plan::open_driver(bench::plan::parse_url(url), options, clock_of_test());
            }
        }
    }

    bool send(std::size_t index) {
        drivers::Request request;
        request.tag = index;
        request.op = Op::write;
        request.range = {index * 8, 8};
        request.data = buffers[index];
        return driver->submit(request);
    }

    // Runs until it has ended, or so many writes are good; returns those that were.
    int run(int wanted) {
        std::vector<bool> out(buffers.size(), false);
        int done_well = 0;
        const auto late = std::chrono::steady_clock::now() + 15s;
        while (done_well < wanted && driver->ended() == DriverEnd::none) {
            REQUIRE(std::chrono::steady_clock::now() < late);
            for (std::size_t i = 0; i < buffers.size(); ++i) {
                out[i] = out[i] || send(i);
            }
            std::array<Completion, 16> ends{};
            const std::size_t count = driver->poll(ends);
            for (std::size_t i = 0; i < count; ++i) {
                out[ends[i].tag] = false;
                done_well += ends[i].status == Status::good ? 1 : 0;
            }
        }
        // What is under way still ends, each exactly once.
        std::size_t left = static_cast<std::size_t>(std::count(out.begin(), out.end(), true));
        while (left > 0) {
            REQUIRE(std::chrono::steady_clock::now() < late);
            std::array<Completion, 16> ends{};
            left -= driver->poll(ends);
        }
        return done_well;
    }

    std::uint64_t wrong_writes() const { return array.emulator_counts().writes_to_another_lun; }

    EmulatedArray array;
    std::vector<std::vector<std::byte>> buffers;
    std::unique_ptr<drivers::BlockDriver> driver;
};

} // namespace

TEST_CASE("another LUN behind the portal ends the iSCSI driver before a write reaches it",
          "[contract][iscsi][array][lun_swap]") {
    const std::string notice = GENERATE("drop", "attention");
    const std::size_t depth = GENERATE(std::size_t{1}, std::size_t{8});
    CAPTURE(notice, depth);
    Writer writer(depth);
    const std::string id = writer.driver->identity().unique_id;
    CHECK(writer.run(200) >= 200);
    writer.array.apply({"lun_swap", R"({"lun": 0, "notice": ")" + notice + R"("})"});
    writer.run(1 << 30);
    CHECK(writer.driver->ended() == DriverEnd::another_lun);
    const std::string reason(writer.driver->end_reason());
    CHECK_THAT(reason, Catch::Contains("another LUN answers") && Catch::Contains(id));
    const std::string other = writer.array.urls(0).empty() ? "" : id.substr(0, id.size() - 4);
    CHECK_THAT(reason, Catch::Contains("found LUN " + other));
    // Of an attention the array tells one command; those sent before it was told are executed.
    CHECK(writer.wrong_writes() <= (notice == "drop" ? 0 : depth - 1));

    const std::uint64_t before = writer.wrong_writes();
    REQUIRE(writer.send(0));
    const Completion end = tests::wait_for_one(*writer.driver);
    CHECK(end.status == Status::lost);
    CHECK(end.fenced);
    CHECK(writer.driver->next_timer() == drivers::TimePoint::max());
    CHECK(writer.wrong_writes() == before);
}

TEST_CASE("the same LUN after a drop, a reset or a path cut is written on",
          "[contract][iscsi][array][lun_swap]") {
    Writer writer(4);
    CHECK(writer.run(100) >= 100);
    writer.array.apply({"session_drop", "{}"});
    CHECK(writer.run(100) >= 100);
    writer.array.apply({"path_cut", R"({"duration": "300ms"})"});
    CHECK(writer.run(100) >= 100);
    CHECK(writer.driver->ended() == DriverEnd::none);
    CHECK(writer.driver->end_reason().empty());
}

TEST_CASE("a LUN that is back under its own name before it is asked for is written on",
          "[contract][iscsi][array][lun_swap]") {
    Writer writer(1);
    CHECK(writer.run(50) >= 50);
    writer.array.apply({"lun_swap", R"({"lun": 0, "notice": "none"})"});
    writer.array.apply({"recover", "{}"});
    CHECK(writer.run(50) >= 50);
    CHECK(writer.driver->ended() == DriverEnd::none);
    CHECK(writer.wrong_writes() == 0);
}
