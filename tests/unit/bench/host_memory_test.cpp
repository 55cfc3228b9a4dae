// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_memory.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

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
    return campaign::memory_needed_bytes(plan::read_plan(folder.path() + "/plan.json"));
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

TEST_CASE("a need beyond the host's memory is refused, one within it is not", "[memory]") {
    CHECK_NOTHROW(campaign::check_memory(8.9 * gib, 10 * gib));
    CHECK_THROWS_AS(campaign::check_memory(9.1 * gib, 10 * gib), drivers::HostError);
    CHECK_NOTHROW(campaign::check_memory(9.1 * gib, 0)); // Nothing is known.
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
}
