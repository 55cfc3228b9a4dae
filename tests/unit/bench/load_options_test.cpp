// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/fio_units.h"
#include "bench/cli/load_options.h"
#include "drivers/api/errors.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <fstream>

using namespace bench::cli;
using namespace std::chrono_literals;
using profiles::AccessOp;
using profiles::Pace;
using profiles::Spot;

namespace {

LoadRequest request_of(Arguments arguments) {
    arguments.insert(arguments.begin(), "null:size=1GiB");
    return read_load_request(arguments).value();
}

const profiles::Workload& synthetic(const LoadRequest& request) {
    return std::get<profiles::Workload>(request.workload);
}

} // namespace

TEST_CASE("fio's sizes, times and rates mean what they mean to fio", "[load]") {
    CHECK(parse_fio_size_bytes("4k") == 4096);
    CHECK(parse_fio_size_bytes("1M") == 1U << 20U);
    CHECK(parse_fio_size_bytes("512") == 512);
    CHECK(parse_fio_size_bytes("4KiB") == 4096);
    CHECK(parse_fio_size_bytes("1.5k") == 1536);
    for (const char* wrong : {"", "k", "-4k", "4q", "0.3", "4kk", "nan", "1e300k"}) {
        CHECK(parse_fio_size_bytes(wrong) == std::nullopt);
    }
    CHECK(parse_fio_time("10") == 10s);
    CHECK(parse_fio_time("500ms") == 500ms);
    CHECK(parse_fio_time("2m") == 2min);
    CHECK(parse_fio_time("soon") == std::nullopt);
    CHECK(parse_fio_rate("50k") == 50'000.0);
    CHECK(parse_fio_rate("0") == std::nullopt);
    CHECK(parse_fio_rate("inf") == std::nullopt);
}

TEST_CASE("load reads unless told to write", "[load]") {
    const auto request = request_of({});
    REQUIRE(synthetic(request).streams.size() == 1);
    CHECK(synthetic(request).streams[0].op == AccessOp::read);
    CHECK(synthetic(request).arrivals.pace == Pace::closed);
    CHECK(synthetic(request).arrivals.depth == 1);
    CHECK(request.runtime == 10s);
    CHECK_FALSE(profiles::writes(request.workload));
}

TEST_CASE("fio's options make the load fio's user expects", "[load]") {
    const auto mixed = request_of({"--rw=randrw",
                                   "--rwmixread=70",
                                   "--bs=8k",
                                   "--iodepth=16",
                                   "--numjobs=2",
                                   "--runtime=500ms",
                                   "--percentile_list=50:99.9"});
    REQUIRE(synthetic(mixed).streams.size() == 2);
    CHECK(synthetic(mixed).streams[0].share == Approx(0.7));
    CHECK(synthetic(mixed).streams[1].op == AccessOp::write);
    CHECK(synthetic(mixed).streams[1].blocks[0].size_bytes == 8192);
    CHECK(synthetic(mixed).arrivals.depth == 32); // Of both jobs together.
    CHECK(mixed.quantiles.size() == 2);
    CHECK(mixed.quantiles[1] == Approx(0.999));

    const auto paced = request_of(
        {"--rw=write", "--rate_iops=2k", "--rate_process=poisson", "--numjobs=3", "--ramp_time=1"});
    CHECK(synthetic(paced).arrivals.pace == Pace::poisson);
    CHECK(synthetic(paced).arrivals.rate_per_s == 6000);
    CHECK(synthetic(paced).streams[0].locality.spot == Spot::sequential);
    CHECK(paced.depth_per_job == 256);
    CHECK(paced.ramp == 1s);
}

TEST_CASE("a workload file stands for the options that describe one", "[load]") {
    const std::string file = tests::source_dir() + "/profiles/workloads/oltp.json";
    const auto request = request_of({"--workload=" + file, "--runtime=3"});
    CHECK(synthetic(request).name == "oltp");
    CHECK(request.ramp == 1s);
    CHECK_THROWS_AS(request_of({"--workload=" + file, "--bs=4k"}), drivers::UsageError);
}

TEST_CASE("a platform workload is scaled by an option", "[load]") {
    const std::string file = tests::source_dir() + "/profiles/workloads/platform/national.json";
    const auto request = request_of({"--workload=" + file, "--scale=0.01"});
    REQUIRE(profiles::is_platform(request.workload));
    CHECK(profiles::offer_of(request.workload).open_loop);
    CHECK(request.depth_per_job == 256);
    CHECK_THAT(request.summary, Catch::Contains("50 targets"));
    CHECK_THROWS_AS(request_of({"--workload=" + file, "--scale=9"}), drivers::UsageError);
    CHECK_THROWS_AS(request_of({"--scale=0.5"}), drivers::UsageError);
}

TEST_CASE("a trace brings its own length, and options that would change what it is are refused",
          "[load]") {
    const tests::ScratchFolder folder;
    const std::string file = folder.path() + "/a.iolog";
    std::ofstream(file) << "fio version 3 iolog\n0 /a read 0 4096\n500000 /a write 4096 4096\n";
    const auto request = request_of({"--trace=" + file, "--trace-speed=2", "--trace-remap=scale"});
    const auto& trace = std::get<profiles::trace::TraceWorkload>(request.workload);
    CHECK(trace.speed == 2);
    CHECK(trace.remap == profiles::trace::Remap::scale);
    CHECK(request.runtime == 251ms);
    CHECK(request_of({"--read_iolog=" + file, "--runtime=9"}).runtime == 9s);
    for (const char* beside : {"--bs=4k",
                               "--scale=1",
                               "--rate_iops=5",
                               "--trace-speed=0",
                               "--trace-remap=up",
                               "--write_iolog_version=1",
                               "--workload=x.json"}) {
        INFO(beside);
        CHECK_THROWS_AS(request_of({"--trace=" + file, beside}), drivers::UsageError);
    }
    CHECK_THROWS_AS(request_of({"--trace=" + file, "--read_iolog=" + file}), drivers::UsageError);
}

TEST_CASE("options that mean nothing are refused", "[load]") {
    for (const char* wrong : {"--rw=trim",
                              "--bs=4q",
                              "--bs=0",
                              "--runtime=0",
                              "--iodepth=0",
                              "--numjobs=1000",
                              "--rate_iops=fast",
                              "--rwmixread=101",
                              "--percentile_list=50:101",
                              "--percentile_list=50:x",
                              "--format=xml",
                              "--verify=maybe",
                              "--random_distribution=zipf:x",
                              "--interval=1us"}) {
        INFO(wrong);
        CHECK_THROWS_AS(request_of({wrong}), drivers::UsageError);
    }
    CHECK_THROWS_AS(read_load_request({}), drivers::UsageError);
}
