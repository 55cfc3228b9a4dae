// SPDX-License-Identifier: Apache-2.0
// Files in the shapes that the versions of other tools really write: columns, order, blanks, units.
#include "bench/campaign/run_comparison.h"
#include "bench/campaign/verification.h"
#include "bench/exchange/foreign_run.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "results/sinks.h"
#include "tests/fakes/sample_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using namespace bench::exchange;
using results::RoundRecord;
using results::RunRecord;

namespace {

RunRecord imported(const std::string& text, const std::string& name = "old") {
    return import_text(text, name, {});
}

bool says(const RunRecord& run, const std::string& word) {
    return std::any_of(run.not_seen.begin(), run.not_seen.end(), [&](const std::string& one) {
        return one.find(word) != std::string::npos;
    });
}

// Raw devices, 5.04.07: an average of none after formatting, two blanks before an average, 5 s
// intervals whose lines come a little late, "n/a", and a day that ends between two lines.
const std::string devices =
    "<title>Vdbench output/flatfile.html</title><pre>\n*\n* reqrate         : Requested i/o rate\n"
    "         tod               timestamp Run Interval reqrate rate MB/sec bytes/io read% resp "
    "read_resp write_resp resp_max xfersize threads rdpct version queue_depth cpu_used \n"
    "23:59:50.042 05/10/2023-23:59:50-CST SD_format 1 9999988 320 40 131072 0 0.1 0 0.1 0.5 131072 "
    "2 0 n/a 0.1 n/a \n"
    "23:59:50.047 05/10/2023-23:59:50-CST SD_format  avg_2-1 9999988 0 0 0 0 0 0 0 0 131072 2 0 "
    "n/a "
    "0 n/a \n"
    "23:59:55.020 05/10/2023-23:59:55-CST rd1 1 1000 800 3.125 4096 75 0.3 0.2 0.4 1.5 4096 8 75 "
    "n/a 0.1 n/a \n"
    "00:00:00.013 05/11/2023-00:00:00-CST rd1 2 1000 1010 3.9453 4096 75 0.35 0.25 0.45 2.5 4096 8 "
    "75 "
    "n/a 0.1 n/a \n"
    "00:00:05.019 05/11/2023-00:00:05-CST rd1 3 1000 990 3.8672 4096 75 0.35 0.25 0.45 2.5 4096 8 "
    "75 "
    "n/a 0.1 n/a \n"
    "00:00:05.033 05/11/2023-00:00:05-CST rd1  avg_2-3 1000 1000 3.90625 4096 75 0.35 0.25 0.45 "
    "2.5 "
    "4096 8 75 n/a 0.1 12.5 \n";

// The same run definition once more with other threads, and one that was cut off.
const std::string again = "00:00:11.000 05/11/2023-00:00:11-CST rd1 1 1000 500 2 4096 100 1 1 0 3 "
                          "4096 16 100 n/a 0 n/a \n"
                          "00:00:16.000 05/11/2023-00:00:16-CST rd1 2 1000 600 2 4096 100 1 1 0 3 "
                          "4096 16 100 n/a 0 n/a \n";

// A file system, as older and as newer versions name the columns.
const std::string files_old =
    "* Interval\n* reqrate\n         tod timestamp        Run   Interval    reqrate       rate     "
    "  "
    "resp     MB/sec  Read_rate  Read_resp Write_rate Write_resp    MB_read   MB_write   Xfersize "
    "Open_rate\n"
    "09:10:26.025 03/11/2021-09:10:26-CST rd1 1 9999988.0000 310.0000 0.0787 3.0 100.0000 0.5 "
    "200.0000 0.8 1.0 2.0 10485 10.0\n"
    "09:10:27.059 03/11/2021-09:10:27-CST rd1 2 9999988.0000 310.0000 0.0787 3.0 100.0000 0.5 "
    "200.0000 0.8 1.0 2.0 10485 10.0\n"
    "09:10:27.074 03/11/2021-09:10:27-CST rd1 avg_2-2 9999988.0000 310.0000 0.0787 3.0 100.0000 "
    "0.5 "
    "200.0000 0.8 1.0 2.0 10485 10.0\n";
const std::string files_new =
    "* Interval\n* Reqrate\n tod timestamp Run Interval Xfersize Threads Reqrate Rate Rate_std "
    "Resp "
    "Resp_max MB/sec MB_read MB_write Read_rate Read_resp Write_rate Write_resp Compratio\n"
    "15:17:14.106 03/08/2019-15:17:14-ICT rd1 1 4096 n/a 100 90 0 0.5 4 0.352 0 0.352 0 0 90 0.5 "
    "1\n"
    "15:17:15.048 03/08/2019-15:17:15-ICT rd1  avg_2-1 4096 n/a 100 0 0 0 0 0 0 0 0 0 0 0 1\n";

const std::string elbencho_columns =
    "ISO date,label,path type,paths,hosts,threads,file size,block size,IO depth,operation,"
    "time ms [first],time ms [last],IOPS [first],IOPS [last],MiB/s [first],MiB/s [last],"
    "CPU% [first],CPU% [last],MiB [first],MiB [last],IO lat us [min],IO lat us [avg],"
    "IO lat us [max],rwmix read IOPS [first],rwmix read IOPS [last],rwmix read MiB/s [last],"
    "rwmix read MiB [last],rwmix read IO lat us [avg],version,command\n";

std::string fio_job(const std::string& version, const std::string& directions) {
    return R"({"fio version" : "fio-)" + version +
           R"(", "timestamp" : 1444144664, "jobs" : [{"jobname" : "old", "error" : 0, )" +
           directions + "}]}";
}

} // namespace

TEST_CASE("vdbench on devices: what its average leaves out is a ramp, intervals are whole seconds",
          "[import]") {
    const RunRecord run = imported(devices);
    REQUIRE(run.rounds.size() == 1);
    const RoundRecord& round = run.rounds[0];
    CHECK(round.workload == "rd1");
    CHECK(says(run, "formatting is left out"));
    REQUIRE(round.intervals.size() == 3);
    CHECK(round.intervals[0].length_ns == 5'000'000'000);
    CHECK(round.intervals[0].ramp);
    CHECK(round.intervals[2].length_ns == 5'000'000'000);
    CHECK_FALSE(round.intervals[2].ramp);
    CHECK(round.ramp_ns == 5'000'000'000);
    CHECK(round.duration_ns == 10'000'000'000);
    CHECK(round.streams.at(0).completed == 7500); // 75 % of 1000/s.
    CHECK(round.streams.at(1).completed == 2500);
    CHECK(round.streams.at(0).bytes == 7500ULL * 4096);
    CHECK(round.measures.at("cpu_used_percent") == Approx(12.5));
    CHECK(round.started_utc_ns == 1683763190LL * 1'000'000'000); // As if its zone were UTC.
    CHECK(round.audit.invalid.empty());
    CHECK(round.point == "as measured");
}

TEST_CASE("vdbench: a name that comes again is another run, one without an average is told",
          "[import]") {
    const RunRecord run = imported(devices + again);
    REQUIRE(run.rounds.size() == 2);
    CHECK(run.rounds[0].point == "8 threads, 4096 bytes, 75 % reads");
    CHECK(run.rounds[1].point == "16 threads, 4096 bytes, 100 % reads");
    CHECK(run.rounds[0].streams.at(0).completed == 7500);
    CHECK(run.rounds[1].streams.at(0).completed == 5500);
    REQUIRE(run.rounds[1].audit.invalid.size() == 1);
    CHECK_THAT(run.rounds[1].audit.invalid[0], Catch::Contains("before it wrote"));
}

TEST_CASE("vdbench on files: reads and writes have columns of their own, in either spelling",
          "[import]") {
    const RunRecord old = imported(files_old);
    REQUIRE(old.rounds.size() == 1);
    CHECK(old.rounds[0].streams.at(0).completed == 100);
    CHECK(old.rounds[0].streams.at(1).completed == 200);
    CHECK(old.rounds[0].streams.at(1).bytes == 2 << 20);
    CHECK(old.rounds[0].audit.achieved_per_s == Approx(300)); // Opens are no accesses.
    CHECK(old.rounds[0].measures.at("write_resp_mean_ns") == Approx(800'000));
    CHECK(says(old, "other than reads and writes"));
    const RunRecord recent = imported(files_new);
    REQUIRE(recent.rounds.size() == 1); // Its average is one of no intervals: the one there counts.
    CHECK(recent.rounds[0].streams.at(0).name == "write");
    CHECK(recent.rounds[0].streams.at(0).completed == 90);
    CHECK(recent.rounds[0].intervals.at(0).response_ns_max == 4'000'000);
    CHECK_FALSE(says(recent, "other than reads and writes"));
}

TEST_CASE("elbencho: a mixed phase has reads and writes, a time its zone, other phases are no load",
          "[import]") {
    const RunRecord run = imported(
        elbencho_columns +
        "2026-05-22T16:09:38.562-0400,,file,1,2,8,0,4096,4,RWMIX70,1990,2000,310,300,1,1,10,9,2,2,"
        "50,90,1000,710,700,2,5,80,3.1-2,\"/usr/bin/elbencho\" \"--rwmixpct\" \"70\" \n"
        "2026-05-22T16:10:38.562-0400,,file,1,2,8,0,4096,4,NET,1990,2000,310,300,1,1,10,9,2,2,"
        "50,90,1000,,,,,,3.1-2,\"x\" \n"
        "2026-05-22T16:11:38.562-0400,,file,1,2,8,0,0,4,WRITE,10,20,,,,,10,9,,,,,,,,,,,3.1-2,\"x\" "
        "\n");
    REQUIRE(run.rounds.size() == 1);
    const RoundRecord& round = run.rounds[0];
    CHECK(round.workload == "rwmix70");
    CHECK(round.started_utc_ns == 1779480578LL * 1'000'000'000);
    REQUIRE(round.streams.size() == 2);
    CHECK(round.streams[0].name == "write");
    CHECK(round.streams[0].completed == 600);
    CHECK(round.streams[0].bytes == 2 << 20);
    CHECK(round.streams[1].name == "read");
    CHECK(round.streams[1].completed == 1400);
    CHECK(round.streams[1].bytes == 5 << 20);
    CHECK(round.audit.achieved_per_s == Approx(1000));
    CHECK(round.measures.at("mixed_read_io_latency_ns_mean") == Approx(80'000));
    CHECK(run.host.at("tool") == "elbencho 3.1-2");
    CHECK(run.host.at("rwmix70: threads") == "8");
}

TEST_CASE("fio 2 counts KiB and microseconds, and fills its percentiles up with zeros",
          "[import]") {
    const RunRecord run = imported(fio_job(
        "2.2.10",
        R"("read" : {"io_bytes" : 400, "bw" : 40, "iops" : 10.0, "runtime" : 10000, "total_ios" : 100,
        "short_ios" : 0, "slat" : {"min" : 0, "max" : 0}, "clat" : {"min" : 50, "max" : 60000,
        "mean" : 900.5, "stddev" : 1.0, "percentile" : {"50.000000" : 800, "99.000000" : 9000,
        "0.00" : 0, "0.00" : 0}}, "lat" : {"min" : 51, "max" : 60001, "mean" : 901.0}},
        "write" : {"io_bytes" : 0, "iops" : 0.00, "runtime" : 0, "total_ios" : 0,
        "clat" : {"min" : 0, "max" : 0}})"));
    REQUIRE(run.rounds.size() == 1);
    REQUIRE(run.rounds[0].streams.size() == 1);
    const auto& read = run.rounds[0].streams[0];
    CHECK(read.bytes == 400ULL * 1024);
    CHECK(read.response_ns.count() == 100);
    CHECK(read.response_ns.quantile_ns(0.5) == Approx(800'000).epsilon(0.01));
    CHECK(read.response_ns.quantile_ns(0.99) == Approx(9'000'000).epsilon(0.01));
    CHECK(run.rounds[0].started_utc_ns == 1444144654LL * 1'000'000'000);
    CHECK_THAT(read.operation, Catch::Contains("2 percentiles"));
}

TEST_CASE("fio 2.1 does not count accesses, the first fio 3 not those of a latency", "[import]") {
    const RunRecord first = imported(
        fio_job("2.1.11",
                R"("write" : {"io_bytes" : 4000, "bw" : 400, "iops" : 100, "runtime" : 10000,
        "clat" : {"min" : 53, "max" : 6329, "mean" : 90.0, "percentile" : {"50.000000" : 80}}})"));
    CHECK(first.rounds.at(0).streams.at(0).completed == 1000);
    CHECK(first.rounds[0].streams[0].response_ns.count() == 1000);
    const RunRecord third = imported(fio_job(
        "3.1",
        R"("read" : {"io_bytes" : 409600, "io_kbytes" : 400, "iops" : 10.0, "runtime" : 10000,
        "total_ios" : 100, "clat_ns" : {"min" : 1000, "max" : 900000, "mean" : 5903.6,
        "bins" : {"1004" : 90, "50000" : 10}}, "lat_ns" : {"min" : 1000, "max" : 900000}})"));
    CHECK(third.rounds.at(0).streams.at(0).bytes == 409600);
    CHECK(third.rounds[0].streams[0].response_ns.count() == 100);
    CHECK(third.rounds[0].streams[0].response_ns.quantile_ns(0.5) == Approx(1004).epsilon(0.01));
}

TEST_CASE("fio's reads and writes in one sum are a stream, and not counted twice", "[import]") {
    const std::string mixed =
        R"("mixed" : {"io_bytes" : 4096, "io_kbytes" : 4, "iops" : 1.0, "runtime" : 1000,
        "total_ios" : 1, "clat_ns" : {"min" : 5, "max" : 5, "N" : 1}})";
    CHECK(imported(fio_job("3.33", mixed)).rounds.at(0).streams.at(0).name == "mixed");
    const RunRecord both = imported(fio_job(
        "3.33",
        mixed + R"(, "read" : {"io_bytes" : 4096, "io_kbytes" : 4, "iops" : 1.0, "runtime" : 1000,
        "total_ios" : 1, "clat_ns" : {"min" : 5, "max" : 5, "N" : 1}})"));
    REQUIRE(both.rounds.at(0).streams.size() == 1);
    CHECK(both.rounds[0].streams[0].name == "read");
}

TEST_CASE("beside a run of ours an imported one is held by service, and its losses are said",
          "[import]") {
    const std::vector<bench::judge::ComparedMetric> metrics{
        {{"", results::Quantity::response, "p50", ""}, 0.1, true}};
    RunRecord own = tests::sample_run();
    const auto honest = bench::campaign::compare_runs({own, own}, metrics);
    CHECK_THAT(honest.comparisons.at(0).metric, Catch::Contains("response"));
    CHECK_FALSE(says(honest, "no due-time latency"));
    own.arrays.resize(1);
    std::erase_if(own.rounds, [&](const RoundRecord& round) {
        return round.array != own.arrays[0].name || round.workload != own.rounds[0].workload ||
               round.point != own.rounds[0].point;
    });
    const auto found = bench::campaign::compare_runs({imported(devices), own}, metrics);
    CHECK_THAT(found.comparisons.at(0).metric, Catch::Contains("service"));
    CHECK(says(found, "no due-time latency"));
    CHECK(says(found, "old: vdbench's flat file has means"));
    CHECK(says(found, "the only load of each run is compared"));
}

TEST_CASE("an import's loads take the names of other runs", "[import]") {
    RunRecord run = imported(devices);
    rename_loads({{"", "1000/s"}}, {{"rd1", "mixed"}}, run);
    CHECK(run.rounds.at(0).workload == "mixed");
    CHECK(run.rounds.at(0).point == "1000/s");
    CHECK_THROWS_AS(rename_loads({}, {{"rd1", "x"}}, run), drivers::UsageError);
}

TEST_CASE("an imported folder verifies until somebody alters it, and says from when it counts",
          "[import]") {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/run";
    write_run(path, imported(devices));
    CHECK(bench::campaign::verify_run(path).problems.empty());
    CHECK_THAT(results::markdown_report(imported(devices)),
               Catch::Contains("when it was due is lost"));
    CHECK_THAT(results::markdown_report(tests::sample_run()), Catch::Contains("from due to done"));
    std::ofstream(path + "/result.json", std::ios::app) << " ";
    CHECK_FALSE(bench::campaign::verify_run(path).problems.empty());
}
