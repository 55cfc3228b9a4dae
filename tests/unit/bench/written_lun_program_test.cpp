// SPDX-License-Identifier: Apache-2.0
// The LUN that a run wrote to is not as it was, or never was one that the workload can be driven
// on.
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>

#include <filesystem>

namespace fs = std::filesystem;
using Catch::Contains;
using tests::ArrayProcess;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

struct Ended {
    int code = -1;
    std::string out;
    std::string err;
};

Ended ran(const std::vector<std::string>& arguments) {
    const ScratchFolder folder;
    ProgramRun program(arguments, folder.path());
    Ended out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

// A LUN that keeps what it holds when its array is started anew, of any size and block.
std::string kept_in(const ScratchFolder& folder, const std::string& size, const char* block) {
    return size + R"(", "block": ")" + block + R"(", "file": ")" + folder.path() + "/lun";
}

void fill(const ArrayProcess& array, const std::string& expectation) {
    const Ended load = ran({"load",
                            array.urls().at(0),
                            "--rw=write",
                            "--bs=16k",
                            "--iodepth=4",
                            "--size=16m",
                            "--rate_iops=2000",
                            "--runtime=0.5",
                            "--verify=full",
                            "--destroy",
                            ArrayProcess::unique_id,
                            "--expectation",
                            expectation});
    INFO(load.out << load.err);
    REQUIRE((load.code == 0 || load.code == 7)); // 7: a host too busy to measure on.
}

std::string workload_of(const ScratchFolder& folder, const char* block, const char* operation) {
    const std::string path = folder.path() + "/small.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/workload/1", "purpose": "Small accesses.", "streams": [
            {"name": "one", "operation": ")" +
            std::string(operation) + R"(", "share": 1, "locality": "uniform", "block": ")" + block +
            R"("}], "arrivals": {"kind": "closed", "depth": 1}})");
    return path;
}

} // namespace

TEST_CASE("what was written is read back from a LUN as it was, and as it has grown",
          "[verify-data]") {
    const ScratchFolder folder;
    const std::string left = folder.path() + "/left.bin";
    {
        const ArrayProcess array("", kept_in(folder, "64MiB", "512B"));
        fill(array, left);
        const Ended same = ran({"verify-data", left, array.urls().at(0)});
        CHECK(same.code == 0);
        CHECK_THAT(same.out, !Contains("GROWN"));
    }
    const ArrayProcess grown("", kept_in(folder, "96MiB", "512B"));
    const Ended back = ran({"verify-data", left, grown.urls().at(2)});
    INFO(back.out << back.err);
    CHECK(back.code == 0);
    CHECK_THAT(back.out,
               Contains("GROWN") && Contains("131072 blocks of 512 bytes") &&
                   Contains("196608 blocks of 512 bytes"));
    const Ended json = ran({"verify-data", left, grown.urls().at(2), "--format", "json"});
    CHECK_THAT(json.out, Contains("\"lun_has_grown\": \"LUN"));
}

TEST_CASE("a LUN that has shrunk or has other blocks than when it was written is not read",
          "[verify-data]") {
    const ScratchFolder folder;
    const std::string left = folder.path() + "/left.bin";
    fill(ArrayProcess("", "64MiB"), left);
    struct Changed {
        const char* size;
        const char* words;
    };
    for (const Changed& one :
         {Changed{"32MiB", "65536 blocks of 512 bytes"}, // What was written would still fit.
          Changed{R"(64MiB", "block": "4KiB)", "16384 blocks of 4096 bytes"},
          Changed{R"(512MiB", "block": "4KiB)", "131072 blocks of 4096 bytes"}}) {
        INFO(one.size);
        const ArrayProcess array("", one.size);
        const Ended back = ran({"verify-data", left, array.urls().at(0)});
        CHECK(back.code == 4);
        CHECK_THAT(back.err, Contains("131072 blocks of 512 bytes") && Contains(one.words));
        CHECK(back.out.empty());
    }
}

TEST_CASE("a run does not go on with a LUN that has grown or has other blocks", "[campaign]") {
    const ScratchFolder folder;
    const std::string real = folder.path() + "/real.json";
    const std::string run = folder.path() + "/run";
    const auto describe = [&](const ArrayProcess& array) {
        results::write_whole_file(
            real,
            R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" +
                array.urls().at(0) + R"("], "unique_id": ")" + ArrayProcess::unique_id + "\"}}");
    };
    {
        const ArrayProcess array;
        describe(array);
        const tests::CampaignPlan plan{
            {real},
            {"mixed-70-30"},
            R"(, "load_points": ["400/s"], "rounds": 40, "working_set": "8MiB", "ramp": "20ms",
           "duration": "100ms", "interval": "50ms", "verify": "full")"};
        ProgramRun program(
            {"run", plan.write(folder.path()), "--out", run, "--destroy", ArrayProcess::unique_id},
            folder.path());
        REQUIRE(tests::await_rounds(run, 2));
        program.signal(SIGINT);
        CHECK(program.wait() == 6);
    }
    for (const char* size : {"128MiB", R"(64MiB", "block": "4KiB)"}) {
        INFO(size);
        const ArrayProcess array("", size);
        const std::string kept = results::read_whole_file(run + "/inputs/array-a0.json");
        describe(array); // Where it is now: another port.
        results::write_whole_file(run + "/inputs/array-a0.json", results::read_whole_file(real));
        const Ended again =
            ran({"run", "--resume", run, "--destroy", ArrayProcess::unique_id, "--overwrite-data"});
        CHECK(again.code == 4);
        CHECK_THAT(again.err, Contains("another LUN") && Contains("131072 blocks of 512 bytes"));
        results::write_whole_file(run + "/inputs/array-a0.json", kept);
    }
}

TEST_CASE("accesses that cannot be whole blocks of the LUN are refused before anything is written",
          "[campaign][load]") {
    const ScratchFolder folder;
    const std::string lun = "memory:size=64MiB,block=4KiB,serial=X-1";
    const std::string real = folder.path() + "/real.json";
    results::write_whole_file(
        real,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" + lun +
            R"("], "unique_id": "X-1"}})");
    const auto run_of = [&](const std::string& workload, const std::string& out) {
        const std::string plan = folder.path() + "/plan.json";
        results::write_whole_file(
            plan,
            R"({"$schema": "arraybench/plan/1", "type": "compare", "arrays": [{"file": ")" + real +
                R"("}], "workloads": [{"file": ")" + workload +
                R"("}], "load_points": ["depth 1"], "rounds": 1, "duration": "100ms",
                "working_set": "8MiB", "verify": "none",
                "preconditioning": {"passes": 1, "time_limit": "20s"}})");
        return ran({"run", plan, "--out", out, "--destroy", "X-1"});
    };
    for (const auto& [block, operation] :
         {std::pair("512B", "write"), std::pair("6KiB", "unmap"), std::pair("1536B", "read")}) {
        INFO(block << " " << operation);
        const std::string workload = workload_of(folder, block, operation);
        const std::string out = folder.path() + "/refused";
        const Ended run = run_of(workload, out);
        CHECK(run.code == 2);
        CHECK_THAT(run.err, Contains("wanted a multiple of the LUN's block of 4096 bytes"));
        CHECK_FALSE(fs::exists(out));
        const Ended load =
            ran({"load", lun, "--workload", workload, "--runtime=0.1", "--destroy", "X-1"});
        CHECK(load.code == 2);
        CHECK_THAT(load.err, Contains("wanted a multiple of the LUN's block of 4096 bytes"));
    }
    const Ended fits = run_of(workload_of(folder, "8KiB", "write"), folder.path() + "/fits");
    INFO(fits.err);
    CHECK((fits.code == 0 || fits.code == 7));
}

TEST_CASE("a trace of small writes is verified in whole blocks of the LUN",
          "[verify-data][trace]") {
    const ScratchFolder folder;
    const std::string left = folder.path() + "/left.bin";
    const std::string trace = folder.path() + "/t.iolog";
    std::string lines = "fio version 3 iolog\n";
    for (int i = 0; i < 200; ++i) {
        lines += std::to_string(i) + " /a write " + std::to_string(i * 4608) + " 512\n";
    }
    results::write_whole_file(trace, lines);
    const ArrayProcess array("", R"(64MiB", "block": "4KiB)");
    const Ended load = ran({"load",
                            array.urls().at(0),
                            "--trace",
                            trace,
                            "--verify=full",
                            "--destroy",
                            ArrayProcess::unique_id,
                            "--expectation",
                            left});
    INFO(load.out << load.err);
    REQUIRE((load.code == 0 || load.code == 7));
    const Ended back = ran({"verify-data", left, array.urls().at(2)});
    INFO(back.out << back.err);
    CHECK(back.code == 0);
}
