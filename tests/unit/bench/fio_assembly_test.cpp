// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/fio_assembly.h"
#include "drivers/api/errors.h"
#include "profiles/workload_file.h"
#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace bench;
using Catch::Contains;
using profiles::Pace;
using profiles::Spot;

namespace {

profiles::Workload shipped(const std::string& name) {
    return profiles::read_workload(tests::source_dir() + "/profiles/workloads/" + name + ".json");
}

plan::FioAsk ask() {
    plan::FioAsk out;
    out.size_bytes = 1U << 30U;
    return out;
}

bool fio_present() {
    return std::system("fio --version > /dev/null 2>&1") == 0;
}

} // namespace

TEST_CASE("an open mix becomes a job per stream with its share of the rate", "[fio]") {
    const auto file = plan::fio_jobs(shipped("mixed-70-30"), ask());
    REQUIRE(file.jobs.size() == 2);
    CHECK(file.jobs[0].mode == "randread");
    CHECK(std::abs(file.jobs[0].rate_per_s * file.jobs[0].copies - 700) < 1);
    CHECK(file.jobs[1].mode == "randwrite");
    CHECK(std::abs(file.jobs[1].rate_per_s * file.jobs[1].copies - 300) < 1);
    CHECK(file.jobs[0].poisson);
    CHECK(file.jobs[0].distribution == "zipf:0.900");
    CHECK(file.jobs[1].duplicate_percent == Approx(10));
    CHECK(drivers::fio::job_text(file).find("service times") != std::string::npos);
}

TEST_CASE("a fast Poisson stream is split, and a sequential one refused with the reason", "[fio]") {
    auto workload = shipped("random-read-4k");
    workload.arrivals.pace = Pace::poisson;
    workload.arrivals.rate_per_s = 100'000;
    const auto file = plan::fio_jobs(workload, ask());
    REQUIRE(file.jobs.size() == 1);
    CHECK(file.jobs[0].copies > 1);
    CHECK(file.jobs[0].rate_per_s * file.jobs[0].copies == Approx(100'000));
    workload.streams[0].locality.spot = Spot::sequential;
    CHECK_THROWS_WITH(plan::fio_jobs(workload, ask()), Contains("too many"));
    workload.arrivals.pace = Pace::fixed; // A fixed rate does not overshoot.
    CHECK(plan::fio_jobs(workload, ask()).jobs[0].copies == 1);
}

TEST_CASE("a closed mix becomes one job, and what fio cannot mix is refused", "[fio]") {
    auto workload = shipped("mixed-70-30");
    workload.arrivals.pace = Pace::closed;
    workload.arrivals.depth = 16;
    const auto file = plan::fio_jobs(workload, ask());
    REQUIRE(file.jobs.size() == 1);
    CHECK(file.jobs[0].mode == "randrw");
    CHECK(file.jobs[0].read_percent == Approx(70));
    CHECK(file.jobs[0].depth == 16);
    workload.streams[1].locality.spot = Spot::sequential;
    CHECK_THROWS_AS(plan::fio_jobs(workload, ask()), drivers::UsageError);
    workload.streams.resize(1);
    workload.streams[0].op = profiles::AccessOp::compare;
    CHECK_THROWS_WITH(plan::fio_jobs(workload, ask()), Contains("only reads, writes and trims"));
}

TEST_CASE("every shipped synthetic workload is a job file or is refused with a reason", "[fio]") {
    int files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(tests::source_dir() + "/profiles/workloads")) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        INFO(entry.path().string());
        try {
            const auto text = drivers::fio::job_text(
                plan::fio_jobs(profiles::read_workload(entry.path()), ask()));
            CHECK_THAT(text, Contains("allow_file_create=0"));
            ++files;
        } catch (const drivers::UsageError& error) {
            CHECK(std::string(error.what()).size() > 20);
        }
    }
    CHECK(files >= 5);
}

TEST_CASE("fio's buckets become this bench's histogram with exact ends", "[fio]") {
    drivers::fio::Latency latency;
    latency.count = 1000;
    latency.min_ns = 980;
    latency.max_ns = 52'000;
    latency.bins = {{1000, 900}, {20'000, 95}, {51'000, 5}};
    const auto histogram = plan::histogram_of(latency);
    CHECK(histogram.count() == 1000);
    CHECK(histogram.min_ns() == 980);
    CHECK(histogram.max_ns() == 52'000);
    CHECK(histogram.quantile_ns(0.5) == 1000);
    CHECK(std::abs(static_cast<double>(histogram.quantile_ns(0.95)) / 20'000 - 1) < 0.001);
}

TEST_CASE("what fio clipped is at least so long, and a quantile in it is marked", "[fio]") {
    drivers::fio::Result result;
    drivers::fio::Direction& read = result.jobs.emplace_back().directions["read"];
    read.total_ios = 100;
    read.total = {100, 1000, 18'002'321'006, 1e9, {{1000, 50}, {17'112'760'320, 50}}, {}};
    const plan::FioStream stream = plan::fio_streams(result).at(0);
    CHECK(stream.clipped == 50);
    CHECK_FALSE(plan::is_clipped(stream, 0.4));
    CHECK(plan::is_clipped(stream, 0.9));
    CHECK(stream.service_ns.max_ns() == 18'002'321'006); // fio knows the longest exactly.
    // Never more than is known: its bucket begins at 17.046 s.
    CHECK(stream.service_ns.quantile_ns(0.9) <= 17'060'000'000);
}

TEST_CASE("flushes of a job with a rate are left out, and the file says so", "[fio]") {
    auto workload = shipped("append-journal");
    REQUIRE(workload.flush.every_writes > 0);
    const std::string rated = drivers::fio::job_text(plan::fio_jobs(workload, ask()));
    CHECK_THAT(rated, !Contains("fdatasync") && Contains("flushes are left out"));
    workload.streams.resize(1);
    workload.arrivals.pace = Pace::closed;
    const std::string closed = drivers::fio::job_text(plan::fio_jobs(workload, ask()));
    CHECK_THAT(closed, Contains("fdatasync=") && !Contains("flushes are left out"));
}

TEST_CASE("jobs are merged by bins, and percentiles come from the merged ones", "[fio]") {
    drivers::fio::Result result;
    for (const std::uint64_t middle : {1000U, 100'000U}) { // Half fast, half slow.
        drivers::fio::JobResult& job = result.jobs.emplace_back();
        drivers::fio::Direction& read = job.directions["read"];
        read.total_ios = 500;
        read.iops = 50;
        read.total = {500, middle, middle, static_cast<double>(middle), {{middle, 500}}, {}};
    }
    const auto streams = plan::fio_streams(result);
    REQUIRE(streams.size() == 1);
    CHECK(streams[0].completed == 1000);
    CHECK(streams[0].rate_per_s == 100);
    CHECK(streams[0].service_ns.quantile_ns(0.4) == 1000);
    // The mean of the two jobs' own medians would be 50500: nobody ever saw that.
    CHECK(streams[0].service_ns.quantile_ns(0.6) == 100'000);
}

TEST_CASE("fio runs a shipped workload on a file and its answer adds up", "[fio]") {
    if (!fio_present()) {
        WARN("LEFT OUT: fio is not installed");
        return;
    }
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/lun";
    std::ofstream(path).close();
    std::filesystem::resize_file(path, 64U << 20U);
    const std::string workload = tests::source_dir() + "/profiles/workloads/random-read-4k.json";
    tests::ProgramRun good({"fio-job", workload, path, "--run", "--runtime=1s", "--rate=500"},
                           folder.path());
    const int code = good.wait();
    INFO(good.err() << good.out());
    CHECK(code == 0);
    CHECK_THAT(good.out(), Contains("fio-3."));
    CHECK_THAT(good.out(), Contains("service time, not response"));

    // A name that is not there is an error, and nothing is made in its place.
    tests::ProgramRun missing({"fio-job", workload, path + "2", "--run", "--runtime=1s"},
                              folder.path());
    CHECK(missing.wait() == 2);
    CHECK_FALSE(std::filesystem::exists(path + "2"));

    tests::ProgramRun writing({"fio-job",
                               tests::source_dir() + "/profiles/workloads/random-write-4k.json",
                               path,
                               "--run",
                               "--runtime=1s"},
                              folder.path());
    CHECK(writing.wait() == 4);
    CHECK_THAT(writing.err(), Contains("--destroy file-"));
}

TEST_CASE("a job file for a LUN behind NBD says how to start the server", "[fio]") {
    const tests::ScratchFolder folder;
    const auto printed = [&](const std::string& workload) {
        tests::ProgramRun program(
            {"fio-job",
             tests::source_dir() + "/profiles/workloads/" + workload + ".json",
             "null:size=1TiB"},
            folder.path());
        CHECK(program.wait() == 0);
        return program.out();
    };
    const std::string reading = printed("random-read-4k");
    CHECK_THAT(reading, Contains("nbdkit --foreground --unix") && Contains("uri=nbd+unix:///"));
    CHECK_THAT(reading, !Contains("destroy=ID"));
    CHECK_THAT(printed("random-write-4k"), Contains("destroy=ID"));
}
