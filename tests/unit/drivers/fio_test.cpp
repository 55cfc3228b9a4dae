// SPDX-License-Identifier: Apache-2.0
// fio's traps, one by one: what is asked of it and what is believed of its answer.
#include "drivers/api/errors.h"
#include "drivers/fio/fio_job.h"
#include "drivers/fio/fio_result.h"
#include "drivers/fio/fio_run.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <fmt/format.h>

using Catch::Contains;
using namespace drivers::fio;
using namespace std::chrono_literals;

namespace {

JobFile job_file() {
    JobFile out;
    out.filename = "/srv/lun";
    out.runtime = 10s;
    Job job;
    job.name = "read";
    job.mode = "randread";
    job.read_blocks = {{4096, 100}};
    job.size_bytes = 1U << 30U;
    job.depth = 32;
    out.jobs.push_back(job);
    return out;
}

// As fio 3.33 says 18.002321 s, measured through nbdkit's delay filter: the last bucket's middle.
const std::string bins = R"("1000": 90, "2000": 9, "17112760320": 1)";

// One job of reads as fio 3.33 prints it, shortened.
std::string output(const std::string& lat_bins = bins,
                   const std::string& more = "",
                   const std::string& error = "0") {
    return R"({"fio version": "fio-3.33", "timestamp_ms": 1795312218747,
      "jobs": [{"jobname": "read", "error": )" +
           error + R"(, "job options": {"rw": "randread"},
        "read": {"io_bytes": 409600, "iops": 10.0, "runtime": 10000, "total_ios": 100, )" +
           more + R"("short_ios": 0, "drop_ios": 0,
          "lat_ns": {"min": 900, "max": 18002321006, "mean": 1.5, "N": 100, "bins": {)" +
           lat_bins + R"(}}},
        "write": {"total_ios": 0, "lat_ns": {"min": 0, "max": 0, "N": 0}}}]})";
}

std::string complaint(const std::string& text) {
    try {
        parse_result(text);
    } catch (const ResultError& error) {
        return error.what();
    }
    return "";
}

std::string disbelief(const JobFile& file, const std::string& text) {
    try {
        check_result(file, parse_result(text));
    } catch (const drivers::ArrayError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("a job file never lets fio make the file it is to measure", "[fio]") {
    const std::string text = job_text(job_file());
    CHECK_THAT(text, Contains("\nallow_file_create=0\n"));
    CHECK_THAT(text, Contains("\nioengine=io_uring\n"));
    CHECK_THAT(text, Contains("\nfilename=/srv/lun\n"));
    CHECK_THAT(text, Contains("\nlat_percentiles=1\n"));
    CHECK_THAT(text, Contains("\nbssplit=4096/100\n"));
    CHECK_THAT(text, !Contains("rate_iops"));
}

TEST_CASE("names that fio would split or expand are escaped or refused", "[fio]") {
    JobFile file = job_file();
    file.filename = "/dev/disk/by-path/pci-0000:00:1f.2";
    CHECK_THAT(job_text(file), Contains("filename=/dev/disk/by-path/pci-0000\\:00\\:1f.2\n"));
    file.filename = "/srv/${HOME}";
    CHECK_THROWS_AS(job_text(file), drivers::UsageError);
    file.filename = "/srv/a\nexec_prerun=reboot";
    CHECK_THROWS_AS(job_text(file), drivers::UsageError);
}

TEST_CASE("shares of block sizes come to a hundred whatever they were", "[fio]") {
    JobFile file = job_file();
    file.jobs[0].read_blocks = {{4096, 33.4}, {8192, 33.3}, {65536, 33.3}};
    CHECK_THAT(job_text(file), Contains("bssplit=4096/33:8192/33:65536/34\n"));
}

TEST_CASE("a Poisson rate is split until fio does not overshoot, or refused", "[fio]") {
    // As measured: 50k +2 %, 100k +5 %, 300k +32 %.
    CHECK(std::abs(poisson_overshoot(50'000) - 1.0254) < 0.001);
    CHECK(std::abs(poisson_overshoot(100'000) - 1.0517) < 0.001);
    CHECK(std::abs(poisson_overshoot(300'000) - 1.318) < 0.01);
    CHECK(poisson_jobs(1'000) == 1);
    for (const double rate : {9'999.0, 50'000.0, 123'456.0, 1'000'000.0}) {
        const std::uint32_t jobs = poisson_jobs(rate);
        INFO(rate << "/s in " << jobs << " jobs");
        REQUIRE(jobs > 1);
        CHECK(poisson_overshoot(std::round(rate / jobs)) <= 1.005);
        CHECK(poisson_overshoot(rate) > 1.005);
    }
    CHECK(poisson_jobs(1e8) == 0);
}

TEST_CASE("bins are taken from the text that follows warnings", "[fio]") {
    const Result result =
        parse_result("fio: this platform does not support this\n{warning} of sorts\n" + output() +
                     "\ntrailing words\n");
    CHECK_THAT(result.text_before, Contains("does not support"));
    CHECK(result.version == "fio-3.33");
    REQUIRE(result.jobs.size() == 1);
    REQUIRE(result.jobs[0].directions.size() == 1); // Idle writes are left out.
    const Direction& read = result.jobs[0].directions.at("read");
    CHECK(read.total_ios == 100);
    CHECK(read.total.count == 100);
    CHECK(read.total.bins.size() == 3);
    CHECK(result.jobs[0].options.at("rw") == "randread");
}

TEST_CASE("what took longer than fio counts is known as such", "[fio]") {
    CHECK(parse_result(output()).jobs[0].directions.at("read").total.clipped() == 1);
    const Result shorter = parse_result(output(R"("1000": 90, "2000": 10)"));
    CHECK(shorter.jobs[0].directions.at("read").total.clipped() == 0);
    // The bucket below the last one, 16978542592 in its middle, is still an exact one.
    const Result both = parse_result(output(R"("16978542592": 60, "17112760320": 40)"));
    CHECK(both.jobs[0].directions.at("read").total.clipped() == 40);
    std::string below = output(R"("1000": 99, "17112760320": 1)");
    below.replace(below.find("18002321006"), 11, "17170000000"); // In the last bucket, not beyond.
    CHECK(parse_result(below).jobs[0].directions.at("read").total.clipped() == 0);
}

TEST_CASE("buckets lie as fio lays them: 29 groups of 64, each key a middle", "[fio]") {
    // The last group begins at 2^33 ns; all its buckets are as wide as the last.
    constexpr std::uint64_t wide_ns = clip_ns - last_bucket_ns;
    CHECK((1ULL << 33U) + 64 * wide_ns == clip_ns);
    CHECK(last_bucket_ns + wide_ns / 2 == 17'112'760'320);
    CHECK(double(wide_ns) / 2 / double(1ULL << 33U) == Approx(0.0078).margin(0.0001));
}

TEST_CASE("jobs of servers are told apart, and fio's sum of them is not one more", "[fio]") {
    const auto clients = [](const std::string& sum) {
        const auto job = [](const std::string& name,
                            const std::string& host,
                            const std::string& n,
                            const std::string& more) {
            return R"({"jobname": ")" + name + R"(", "error": 0, "hostname": ")" + host +
                   R"(", "read": {"io_bytes": 4096, "iops": 10.0, "runtime": 10000, "total_ios": )" +
                   n + R"(, "short_ios": 0, "drop_ios": 0, "lat_ns": {"min": 1000, "max": 1000,
                   "mean": 1000.0, "N": )" +
                   n + more + "}}}";
        };
        return R"({"fio version": "fio-3.33", "global options": {"filename": "/a", "filename": "/b"},
            "client_stats": [)" +
               job("one", "10.0.0.1", "60", R"(, "bins": {"1000": 60})") + "," +
               job("one", "10.0.0.2", "40", R"(, "bins": {"1000": 40})") + "," +
               job("All clients", "10.0.0.2", sum, "") + "]}";
    };
    const Result result =
        parse_result("<a> one: (g=0)\n<a> Starting 2 processes\n\n" + clients("100"));
    REQUIRE(result.jobs.size() == 2);
    CHECK(result.jobs[0].host == "10.0.0.1");
    CHECK(result.jobs[1].directions.at("read").total_ios == 40);
    REQUIRE(result.all_clients);
    CHECK(result.all_clients->directions.at("read").total.percentiles.empty());
    CHECK_THAT(complaint(clients("140")), Contains("a server's job is missing"));
}

TEST_CASE("what makes fio crash is never asked of it", "[fio]") {
    JobFile file = job_file();
    file.nbd_uri = "nbd+unix:///?socket=/tmp/s";
    file.jobs[0].mode = "randwrite";
    file.jobs[0].write_blocks = {{4096, 100}};
    file.jobs[0].fsync_every_writes = 5;
    CHECK_THAT(job_text(file), Contains("ioengine=nbd\n"));
    CHECK_THAT(job_text(file), !Contains("io_submit_mode")); // Offload with nbd.
    CHECK_THAT(job_text(file), Contains("fdatasync=5\n"));
    file.jobs[0].rate_per_s = 8; // A flush with a rate.
    CHECK_THAT(job_text(file), !Contains("sync"));
}

TEST_CASE("a key that stands twice is taken once, unless it says two things", "[fio]") {
    const Result same = parse_result(output(bins, R"("iops": 10.0, )"));
    CHECK(same.jobs[0].directions.at("read").iops == 10);
    REQUIRE(same.repeated.size() == 1);
    CHECK(same.repeated[0] == "iops");
    CHECK_THAT(complaint(output(bins, R"("iops": 99.0, )")),
               Contains("/jobs/read/iops: stands twice"));
    CHECK_THAT(complaint(output(R"("1000": 90, "2000": 9, "1000": 1)")),
               Contains("bins/1000: stands twice"));
    CHECK_THAT(complaint(output(bins, R"("lat_ns": {"N": 1}, )")),
               Contains("lat_ns: stands twice"));
}

TEST_CASE("what fio cannot have measured is refused", "[fio]") {
    CHECK_THAT(complaint(""), Contains("no JSON"));
    CHECK_THAT(complaint("fio: failed\n"), Contains("no JSON"));
    CHECK_THAT(complaint("{\"fio version\": \"fio-3.33\""), Contains("no JSON"));
    CHECK_THAT(complaint(R"({"jobs": []})"), Contains("no \"fio version\""));
    CHECK_THAT(complaint(output(R"("1000": 90)")), Contains("its bins hold 90"));
    CHECK_THAT(complaint(output(R"("-5": 100)")), Contains("middle in nanoseconds"));
    CHECK_THAT(complaint(output(R"("1000": -100)")), Contains("negative"));
    CHECK_THAT(complaint(output(R"("1000": "many")")), Contains("wanted a number"));
    CHECK_THAT(complaint(output(R"("1000": 18446744073709551615, "2000": 101)")),
               Contains("at most 2^60"));
    CHECK_THAT(complaint(output(R"("1000": 1e3)")), Contains("its bins hold 1000"));
    CHECK_THAT(complaint(output(R"("1000": 99.5)")), Contains("wanted a whole number"));
    CHECK_THAT(complaint(std::string(100, '[')), Contains("no JSON"));
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    CHECK_THAT(complaint("{\"jobs\": " + deep + "}"), Contains("nested too deeply"));
    CHECK_THAT(complaint(R"({"jobs": )" + std::string(100, '[')), Contains("it is cut"));
}

TEST_CASE("an exit status of 0 is not believed", "[fio]") {
    const JobFile file = job_file();
    CHECK(disbelief(file, output()).empty());
    CHECK_THAT(disbelief(file, output(bins, "", "5")), Contains("job read failed"));
    CHECK_THAT(disbelief(file, output(bins, "", "\"5\"")), Contains("job read failed"));
    std::string idle = output(R"("1": 100)");
    idle.replace(idle.find("\"total_ios\": 100"), 16, "\"total_ios\": 0  ");
    CHECK_THAT(disbelief(file, idle), Contains("did nothing"));
    std::string early = output();
    early.replace(early.find("\"runtime\": 10000"), 16, "\"runtime\": 8000 ");
    CHECK_THAT(disbelief(file, early), Contains("for 8000 ms, of 10000 ms"));
    std::string dropped = output();
    dropped.replace(dropped.find("\"drop_ios\": 0"), 13, "\"drop_ios\": 3");
    CHECK_THAT(disbelief(file, dropped), Contains("3 reads dropped"));
    JobFile two = file;
    two.jobs[0].copies = 2;
    CHECK_THAT(disbelief(two, output()), Contains("2 jobs were asked for and 1 told of"));
}
