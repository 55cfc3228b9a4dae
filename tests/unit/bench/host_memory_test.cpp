// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_memory.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

using namespace bench;

namespace {

constexpr std::uint64_t gib = 1ULL << 30U;

std::string plan_text(const std::string& rest) {
    return fmt::format(R"({{"$schema": "arraybench/plan/1", "type": "compare", "rounds": 1,)"
                       R"( "arrays": [{{"name": "a", "file": "{0}/profiles/arrays/plain.json"}},)"
                       R"( {{"name": "b", "file": "{0}/profiles/arrays/plain.json"}}],)"
                       R"( "duration": "10s", {1}}})",
                       tests::source_dir(),
                       rest);
}

double needed(const std::string& rest) {
    const tests::ScratchFolder folder;
    std::ofstream(folder.path() + "/plan.json") << plan_text(rest);
    return campaign::memory_needed(plan::read_plan(folder.path() + "/plan.json")).luns_bytes;
}

std::string workload(const char* name) {
    return fmt::format(
        R"("workloads": [{{"file": "{}/profiles/workloads/{}"}}])", tests::source_dir(), name);
}

} // namespace

TEST_CASE("emulated LUNs need what may be written to them and no more", "[memory]") {
    const std::string writes = workload("random-write-4k.json");
    const std::string reads = workload("random-read-4k.json");
    // 100 writes of 4 KiB a second for ten seconds, on two arrays.
    CHECK(needed(writes + R"(, "load_points": ["100/s"], "working_set": "1GiB")") ==
          Approx(2 * 100 * 4096 * 10).epsilon(0.01));
    // In a closed loop as much as may be touched.
    CHECK(needed(writes + R"(, "load_points": ["depth 8"], "working_set": "1GiB")") ==
          Approx(2.0 * gib));
    CHECK(needed(reads + R"(, "load_points": ["depth 8"], "working_set": "1GiB")") == 0);
    CHECK(needed(reads + R"(, "load_points": ["100/s"], "working_set": "1GiB",)"
                         R"( "preconditioning": {"time_limit": "10s"})") == Approx(2.0 * gib));
}

namespace {

std::string capacity_plan(const std::string& to, const std::string& rest) {
    return fmt::format(
        R"({{"$schema": "arraybench/plan/1", "type": "capacity",)"
        R"( "arrays": [{{"name": "a", "file": "{0}/profiles/arrays/flasharray-class.json"}}],)"
        R"( "capacity": {{"mode": "ramp", "workload": {{"file":)"
        R"( "{0}/profiles/workloads/platform/national-small.json"}}, "from": "100 targets",)"
        R"( "to": "{1}", "resolution": "10%", "duration": "5s", "limits": []}}{2}}})",
        tests::source_dir(),
        to,
        rest);
}

void replace(std::string& text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

campaign::MemoryNeed need_of(const std::string& text) {
    const tests::ScratchFolder folder;
    std::ofstream(folder.path() + "/plan.json") << text;
    return campaign::memory_needed(plan::read_plan(folder.path() + "/plan.json"));
}

} // namespace

TEST_CASE("a search for capacity needs what its largest number of targets writes", "[memory]") {
    // A LUN of 64 GiB, preconditioned whole: all of it, and a word for each block.
    const auto whole =
        need_of(capacity_plan("1000 targets", R"(, "preconditioning": {"time_limit": "1h"})"));
    CHECK(whole.luns_bytes == Approx(64.0 * gib));
    CHECK(whole.bookkeeping_bytes == Approx(64.0 * gib / 4096 * 8).epsilon(0.01));
    const auto few = need_of(capacity_plan("200 targets", ""));
    const auto many = need_of(capacity_plan("10000 targets", ""));
    CHECK(few.luns_bytes > 1e6);
    CHECK(many.luns_bytes > 10 * few.luns_bytes);
    CHECK(many.load_bytes > few.load_bytes);
    CHECK(need_of(capacity_plan("10000 targets", R"(, "working_set": "128MiB")")).luns_bytes ==
          Approx(128.0 * (1U << 20U)));
}

TEST_CASE("what blocks of real LUNs must hold is counted once their size is known", "[memory]") {
    const tests::ScratchFolder folder;
    std::ofstream(folder.path() + "/array.json")
        << R"({"$schema": "arraybench/array/v1", "purpose": "p", "name": "r", "identity":)"
           R"( {"vendor": "V", "product": "P", "revision": "1", "serial": "S"}, "real": {"urls": ["iscsi://127.0.0.1:1/iqn.x/0"],)"
           R"( "unique_id": "6382028100a1b2c35f0e1d2c00000001"}})";
    std::ofstream(folder.path() + "/plan.json")
        << R"({"$schema": "arraybench/plan/1", "type": "compare", "rounds": 1, "arrays":)"
           R"( [{"name": "r", "file": "array.json"}], "duration": "1h", )"
        << workload("random-write-4k.json") << R"(, "load_points": ["depth 8"]})";
    const plan::Plan plan = plan::read_plan(folder.path() + "/plan.json");
    CHECK(campaign::memory_needed(plan).bookkeeping_bytes == 0);
    const auto need = campaign::memory_needed(plan, {{"r", 10'000 * gib}});
    CHECK(need.luns_bytes == 0); // The array keeps them.
    CHECK(need.bookkeeping_bytes == Approx(10'000.0 * gib / 4096 * 8).epsilon(0.01));
}

TEST_CASE("a need beyond the host's memory is refused, one within it is not", "[memory]") {
    const auto need = [](double luns, double bookkeeping, double load) {
        return campaign::MemoryNeed{luns, bookkeeping, load};
    };
    CHECK_NOTHROW(campaign::check_memory(need(8.9 * gib, 0, 0), 10 * gib));
    CHECK_THROWS_AS(campaign::check_memory(need(9.1 * gib, 0, 0), 10 * gib), drivers::HostError);
    CHECK_THROWS_AS(campaign::check_memory(need(8.9 * gib, 0.2 * gib, 0), 10 * gib),
                    drivers::HostError);
    CHECK_THROWS_AS(campaign::check_memory(need(8.9 * gib, 0, 0.2 * gib), 10 * gib),
                    drivers::HostError);
    CHECK_NOTHROW(campaign::check_memory(need(9.1 * gib, 0, 0), 0)); // Nothing is known.
    CHECK(campaign::memory_available_bytes() > 1U << 20U);
    CHECK(campaign::kept_bytes(1e15, 1) < 1e10);
}

TEST_CASE("load and run end with 5 before they start what this host cannot hold", "[memory]") {
    const tests::ScratchFolder folder;
    const auto run = [&](const std::vector<std::string>& arguments) {
        tests::ProgramRun program(arguments, folder.path());
        return program.wait();
    };
    CHECK(run({"load", "memory:size=64TiB", "--rw=randwrite", "--iodepth=8", "--runtime=1d"}) == 5);
    CHECK(run({"load", "memory:size=64TiB", "--rw=randread", "--runtime=0.1"}) == 0);
    CHECK(run({"load", "memory:size=1MiB", "--rw=randwrite", "--runtime=0.1"}) == 0);
    // Nothing of it has begun: no folder of a run is left.
    std::string plan =
        capacity_plan("10000 targets", R"(, "preconditioning": {"time_limit": "10h"})");
    const std::string shipped = tests::source_dir() + "/profiles/arrays/flasharray-class.json";
    std::string array = results::read_whole_file(shipped); // Larger than any host's memory.
    replace(array, "64GiB", "64TiB");
    replace(array, "1TiB", "256TiB");
    results::write_whole_file(folder.path() + "/array.json", array);
    replace(plan, shipped, "array.json");
    results::write_whole_file(folder.path() + "/plan.json", plan);
    CHECK(run({"run", folder.path() + "/plan.json", "--out", folder.path() + "/run"}) == 5);
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/run"));
}
