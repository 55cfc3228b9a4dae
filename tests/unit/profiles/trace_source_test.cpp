// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/kinds/any_workload.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <fstream>

using namespace profiles;
using namespace profiles::trace;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

class Written {
public:
    explicit Written(const std::string& lines)
        : path_(folder_.path() + "/trace.iolog") {
        write("trace.iolog", "fio version 3 iolog\n" + lines);
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.path() + "/" + name) << text;
    }
    TraceWorkload workload() const { return trace_workload_of(path_); }
    const std::string& path() const { return path_; }
    std::string in_folder(const std::string& name) const { return folder_.path() + "/" + name; }

private:
    tests::ScratchFolder folder_;
    std::string path_;
};

std::vector<Access> taken(Source& source, Duration until) {
    std::vector<Access> out(1000);
    out.resize(source.take(until, out));
    return out;
}

const std::string three = "1000 /a read 4096 4096\n"
                          "3000 /a write 2000000 100\n"
                          "9000 /b write 0 8192\n";

} // namespace

TEST_CASE("a trace is due at its own instants, or twice as fast", "[trace]") {
    const Written file(three);
    auto workload = file.workload();
    CHECK(length_of(workload) == 8ms);
    for (const double speed : {1.0, 2.0}) {
        workload.speed = speed;
        const auto source = make_trace_source(workload, {0, 64 * mib, 512}, {0, 1});
        CHECK(*source->next_due() == 0ns);
        CHECK(taken(*source, Duration(static_cast<std::int64_t>(2e6 / speed)) - 1ns).size() == 1);
        CHECK(taken(*source, Duration(static_cast<std::int64_t>(2e6 / speed))).size() == 1);
        CHECK(*source->next_due() == Duration(static_cast<std::int64_t>(8e6 / speed)));
        CHECK_FALSE(source->ended());
        CHECK(taken(*source, 1s).size() == 1);
        CHECK(source->ended());
        CHECK_FALSE(source->next_due());
    }
}

TEST_CASE("accesses are widened to whole blocks and stay in the working set", "[trace]") {
    const Written file(three);
    auto workload = file.workload();
    for (const Remap remap : {Remap::modulo, Remap::scale}) {
        for (const std::uint64_t size : {std::uint64_t{16384}, std::uint64_t{409600}, 64 * mib}) {
            for (const std::uint32_t block : {512U, 4096U}) {
                workload.remap = remap;
                const WorkingSet set{mib, size, block};
                const auto source = make_trace_source(workload, set, {0, 1});
                const auto all = taken(*source, 1s);
                REQUIRE(all.size() == 3);
                for (const Access& access : all) {
                    CHECK(access.offset_bytes % block == 0);
                    CHECK(access.size_bytes % block == 0);
                    CHECK(access.size_bytes > 0);
                    CHECK(access.size_bytes <= largest_access_bytes(workload));
                    CHECK(access.offset_bytes >= mib);
                    CHECK(access.offset_bytes + access.size_bytes <= mib + size);
                }
            }
        }
    }
    // The second device lies behind the first one's end, at a whole mebibyte.
    workload.remap = Remap::none;
    const auto all = taken(*make_trace_source(workload, {0, 4 * mib, 512}, {0, 1}), 1s);
    CHECK(all[0].offset_bytes == 4096);
    CHECK(all[1].offset_bytes == 1999872); // 2,000,000 rounded down to its sector
    CHECK(all[1].size_bytes == 512);
    CHECK(all[2].offset_bytes == 2 * mib);
    CHECK_THROWS_AS(make_trace_source(workload, {0, 2 * mib, 512}, {0, 1}), FileError);
}

TEST_CASE("the shards of a trace are together the whole trace", "[trace]") {
    std::string lines;
    for (int i = 0; i < 100; ++i) {
        lines += std::to_string(i * 10) + " /a write " + std::to_string(i * 4096) + " 4096\n";
    }
    const Written file(lines);
    const auto workload = file.workload();
    std::vector<std::uint64_t> seen(100);
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        const auto source = make_trace_source(workload, {0, mib, 512}, {shard, 3});
        for (const Access& access : taken(*source, 1s)) {
            CHECK(access.due == std::chrono::microseconds(access.offset_bytes / 4096 * 10));
            ++seen[access.offset_bytes / 4096];
        }
    }
    CHECK(seen == std::vector<std::uint64_t>(100, 1));
}

TEST_CASE("a repeated trace goes on one mean gap after its end and large accesses are cut",
          "[trace]") {
    const Written file("0 /a read 0 4096\n1000 /a read 4096 3145728\n");
    auto workload = file.workload();
    workload.repeat = true;
    const auto source = make_trace_source(workload, {0, 64 * mib, 512}, {0, 1});
    const auto all = taken(*source, 1500us);
    REQUIRE(all.size() == 5);
    CHECK(all[1].size_bytes == mib);
    CHECK(all[2].offset_bytes == all[1].offset_bytes + mib);
    CHECK(all[3].due == 1ms);
    CHECK(all[4].due == 1500us);
    CHECK(all[4].offset_bytes == 0);
}

TEST_CASE("a trace without instants needs a rate, and a changed one is refused", "[trace]") {
    const Written file("0 /a read 0 512\n0 /a read 512 512\n0 /a read 1024 512\n");
    auto workload = file.workload();
    CHECK_THROWS_AS(make_trace_source(workload, {0, mib, 512}, {0, 1}), FileError);
    workload.rate_per_s = 1000;
    const auto source = make_trace_source(workload, {0, mib, 512}, {0, 1});
    CHECK(taken(*source, 1ms).size() == 2);
    file.write("trace.iolog", "fio version 3 iolog\n0 /a read 0 512\n");
    CHECK_THROWS_AS(make_trace_source(workload, {0, mib, 512}, {0, 1}), FileError);
}

TEST_CASE("a workload file of kind trace is read as strictly as the others", "[trace]") {
    const Written file(three);
    const auto read = [&](const std::string& rest) {
        file.write("w.json",
                   R"({"$schema": "arraybench/trace/1", "purpose": "a test")" + rest + "}");
        return read_any_workload(file.in_folder("w.json"));
    };
    const auto any = read(R"(, "file": "trace.iolog", "speed": 4, "remap": "scale",)"
                          R"( "repeat": true, "working_set": "1MiB", "piece": "64KiB")");
    REQUIRE(is_trace(any));
    const auto& workload = std::get<TraceWorkload>(any);
    CHECK(workload.speed == 4);
    CHECK(workload.remap == Remap::scale);
    CHECK(working_set_bytes(any) == mib);
    CHECK(writes(any));
    CHECK(stream_names(any) == std::vector<std::string>{"read", "write"});
    CHECK(offer_of(any).open_loop);
    CHECK(offer_of(any).rate_per_s == Approx(1500));
    file.write("again.json", workload_text(workload, "trace.iolog"));
    const auto again = std::get<TraceWorkload>(read_any_workload(file.in_folder("again.json")));
    CHECK(workload_text(again, "trace.iolog") == workload_text(workload, "trace.iolog"));
    CHECK(again.repeat);
    CHECK_THROWS_AS(read(""), FileError);
    CHECK_THROWS_AS(read(R"(, "file": "nothing.iolog")"), FileError);
    CHECK_THROWS_AS(read(R"(, "file": ".")"), FileError);
    CHECK_THROWS_AS(read(R"(, "file": "trace.iolog", "speed": 0)"), FileError);
    CHECK_THROWS_AS(read(R"(, "file": "trace.iolog", "sped": 1)"), FileError);
    CHECK_THROWS_AS(read(R"(, "file": "trace.iolog", "format": "blkparse")"), FileError);
}
