// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "profiles/file_error.h"
#include "results/run_record_file.h"
#include "results/sinks.h"
#include "tests/fakes/sample_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace bench::exchange;
using results::RunRecord;

namespace {

RunRecord imported(const std::string& text, const std::string& name = "old.json") {
    return import_text(text, name, {});
}

bool says(const RunRecord& run, const std::string& word) {
    return std::any_of(run.not_seen.begin(), run.not_seen.end(), [&](const std::string& one) {
        return one.find(word) != std::string::npos;
    });
}

const std::string fio_head = R"(fio: a warning
{"fio version": "fio-3.33", "timestamp_ms": 1795314150996, "jobs": [)";

std::string fio_job(const std::string& latency, const std::string& options = "") {
    return R"({"jobname": "old", "error": 0, "job options": {"bs": "4k")" + options +
           R"(}, "read": {"io_bytes": 409600, "runtime": 1000, "total_ios": 100, "iops": 100.0,)"
           R"( "short_ios": 0, "drop_ios": 0, "clat_ns": )" +
           latency + R"(, "lat_ns": {"min": 1000, "max": 900000, "mean": 14383.6, "N": 100}}})";
}

const std::string with_bins =
    R"({"min": 1000, "max": 900000, "mean": 14383.6, "N": 100, "bins": {"1004": 90, "50000": 9, "898000": 1}})";
const std::string with_percentiles =
    R"({"min": 1000, "max": 900000, "mean": 5000, "N": 100, "percentile": {"50.000000": 1004, "90.000000": 1100, "99.000000": 50000}})";

// As the guide of vdbench 5.04 describes its columns.
const std::string vdbench =
    "<html><pre>\n* 'flatfile.html'\n* Run : Name of run\n"
    "tod timestamp Run Interval reqrate rate MB/sec bytes/io read% resp read_resp write_resp "
    "resp_max read_max\n"
    "11:22:31.000 x rd1 1 1000 990.0 3.867 4096 75.0 0.500 0.400 0.800 5.0 4.0\n"
    "11:22:33.000 x rd1 2 1000 1010.0 3.945 4096 75.0 0.550 0.450 0.850 9.0 4.0\n"
    "11:22:33.000 x rd1 avg_2-2 1000 1000.0 3.906 4096 75.0 0.550 0.450 0.850 9.0 4.0\n"
    "11:22:40.000 x rd2 1 999988 500.0 1.953 4096 100.0 0.500 0.500 0.000 2.0 2.0\n"
    "11:22:40.000 x rd2 avg_1-1 999988 500.0 1.953 4096 100.0 0.500 0.500 0.000 2.0 2.0\n";

const std::string elbencho =
    "ISO date,label,path type,threads,operation,time ms [first],time ms [last],IOPS [first],"
    "IOPS [last],MiB/s [first],MiB/s [last],CPU% [last],MiB [last],IO lat us [min],"
    "IO lat us [avg],IO lat us [max]\n"
    "2026-05-22T16:09:38,,dir,8,MKDIRS,2,5,,,,,7,,,,\n"
    "2026-05-22T16:09:38,\"a, "
    "b\",file,8,WRITE,2134,2784,3494,2941,3494,2941,9,8192,1661,9383,120903\n"
    "2026-05-22T16:09:41,,file,8,READ,1000,2000,100,90,100,90,9,180,10,20,30\n";

} // namespace

TEST_CASE("fio's json+ becomes a round whose percentiles are fio's", "[import]") {
    const RunRecord run = imported(fio_head + fio_job(with_bins) + "]}");
    REQUIRE(run.rounds.size() == 1);
    const auto& stream = run.rounds[0].streams.at(0);
    CHECK(stream.completed == 100);
    CHECK(stream.bytes == 409600);
    CHECK(stream.response_ns.count() == 100);
    CHECK(stream.response_ns.quantile_ns(0.5) == Approx(1004).epsilon(0.01));
    CHECK(stream.response_ns.quantile_ns(0.95) == Approx(50000).epsilon(0.01));
    CHECK(stream.response_ns.max_ns() == 900000);
    CHECK_THAT(stream.operation, Catch::Contains("clat_ns"));
    CHECK(run.rounds[0].duration_ns == 1'000'000'000);
    CHECK(run.host.at("tool") == "fio-3.33");
    CHECK(says(run, "no due time"));
    CHECK_FALSE(says(run, "rated"));
    CHECK(says(imported(fio_head + fio_job(with_bins, R"(, "rate_iops": "100")") + "]}"),
               "service time, not response"));
}

TEST_CASE("fio's plain json is rebuilt from its percentiles, and says so", "[import]") {
    const RunRecord run = imported(fio_head + fio_job(with_percentiles) + "]}");
    const auto& stream = run.rounds.at(0).streams.at(0);
    CHECK(stream.response_ns.count() == 100);
    CHECK(stream.response_ns.quantile_ns(0.5) == Approx(1004).epsilon(0.01));
    CHECK(stream.response_ns.quantile_ns(0.99) == Approx(50000).epsilon(0.01));
    CHECK(stream.response_ns.max_ns() == 900000);
    CHECK_THAT(stream.operation, Catch::Contains("rebuilt from 3 percentiles"));
}

TEST_CASE("a job of fio that failed makes its round invalid", "[import]") {
    std::string job = fio_job(with_bins);
    job.replace(job.find("\"error\": 0"), 10, "\"error\": 5");
    CHECK(imported(fio_head + job + "]}").rounds.at(0).audit.invalid.size() == 1);
    CHECK(imported(fio_head + fio_job(with_bins) + "]}").rounds.at(0).audit.invalid.empty());
}

TEST_CASE("jobs that fio ran on servers come in once each", "[import]") {
    std::string one = fio_job(with_bins);
    one.insert(1, R"("hostname": "10.0.0.1", )");
    std::string sum = fio_job(with_bins);
    sum.replace(sum.find("\"old\""), 5, "\"All clients\"");
    const std::string head = R"({"fio version": "fio-3.33", "client_stats": [)";
    const RunRecord run = imported(head + one + "," + sum + "]}");
    CHECK(run.rounds.at(0).streams.at(0).completed == 100);
    CHECK(run.host.count("old on 10.0.0.1: bs") == 1);
    CHECK_THROWS_AS(imported(head + one + "," + one + "," + sum + "]}"), profiles::FileError);
}

TEST_CASE("vdbench's runs become rounds with intervals, rates and no percentiles", "[import]") {
    const RunRecord run = imported(vdbench, "flatfile.html");
    REQUIRE(run.rounds.size() == 2);
    const auto& first = run.rounds[0];
    CHECK(first.workload == "rd1");
    REQUIRE(first.intervals.size() == 2);
    CHECK(first.intervals[1].length_ns == 2'000'000'000);
    CHECK(first.intervals[1].completed == 2020);
    CHECK(first.audit.offered_per_s == 1000);
    CHECK(first.audit.achieved_per_s == 1000);
    REQUIRE(first.streams.size() == 2);
    CHECK(first.intervals[0].ramp); // Its average leaves the first one out.
    CHECK(first.duration_ns == 2'000'000'000);
    CHECK(first.streams[0].completed == 1500); // 75 % of 1000/s in 2 s.
    CHECK(first.streams[0].response_ns.count() == 0);
    CHECK(first.measures.at("resp_mean_ns") == Approx(550'000));
    CHECK(run.rounds[1].audit.offered_per_s == 0); // iorate=max
    CHECK(run.rounds[1].streams.size() == 1);
    CHECK(says(run, "percentiles are not measured"));
    CHECK_THROWS_AS(imported(vdbench + "1 x rd2 2 1 fast 1 1 1 1 1 1 1 1\n", "f"),
                    profiles::FileError);
}

TEST_CASE("elbencho's phases become rounds, last done counts and first done is told", "[import]") {
    const RunRecord run = imported(elbencho, "old.csv");
    REQUIRE(run.rounds.size() == 2);
    const auto& write = run.rounds[0];
    CHECK(write.workload == "a, b write");
    CHECK(write.duration_ns == 2'784'000'000);
    CHECK(write.audit.achieved_per_s == 2941);
    CHECK(write.streams.at(0).bytes == 8192ULL << 20U);
    CHECK(write.measures.at("first_done_ns") == Approx(2134e6));
    CHECK(write.measures.at("io_latency_ns_max") == Approx(120903e3));
    CHECK(write.started_utc_ns == 1779466178LL * 1'000'000'000);
    CHECK(says(run, "elbencho"));
    CHECK_THROWS_AS(imported("ISO date,operation\nx,READ\n", "old.csv"), profiles::FileError);
}

TEST_CASE("what is none of the known results is refused", "[import]") {
    for (const char* text : {"", "hello", "{\"jobs\": []}", "fio version"}) {
        INFO(text);
        CHECK_THROWS_AS(imported(text), profiles::FileError);
    }
    CHECK_THROWS_AS(imported(fio_head + "]}"), profiles::FileError);
    CHECK_THROWS_AS(imported(fio_head), profiles::FileError);
}

TEST_CASE("an imported run reads back from its folder and every report prints it", "[import]") {
    const tests::ScratchFolder folder;
    const RunRecord run = imported(vdbench, "flatfile.html");
    write_run(folder.path() + "/run", run);
    const RunRecord back = results::read_run(folder.path() + "/run");
    CHECK(back.rounds.size() == 2);
    CHECK(back.not_seen == run.not_seen);
    CHECK_THAT(results::html_report(back), Catch::Contains("no due time"));
    CHECK_THROWS(write_run(folder.path() + "/run", run));
}

TEST_CASE("a run exported as fio's json+ imports again with the same counts and percentiles",
          "[import]") {
    const RunRecord run = tests::sample_run();
    for (const auto& round : imported(results::fio_report(run)).rounds) {
        for (const std::string& reason :
             round.audit.invalid) { // The sample's rounds are one's copies.
            CHECK_THAT(reason, Catch::Contains(" N ") || Catch::Contains("say the same numbers"));
        }
    }
    for (const auto& round : run.rounds) {
        RunRecord one = run;
        one.rounds = {round};
        const RunRecord back = imported(results::fio_report(one));
        for (const auto& stream : back.rounds.at(0).streams) {
            results::Histogram before;
            std::uint64_t completed = 0;
            for (const auto& original : round.streams) {
                if (original.operation.rfind(stream.name, 0) == 0) {
                    before.merge(original.response_ns);
                    completed += original.completed;
                }
            }
            INFO(stream.name);
            CHECK(stream.completed == completed);
            CHECK(stream.response_ns.count() == before.count());
            CHECK(stream.response_ns.max_ns() == before.max_ns());
            for (const double quantile : {0.5, 0.9, 0.99}) {
                CHECK(static_cast<double>(stream.response_ns.quantile_ns(quantile)) ==
                      Approx(before.quantile_ns(quantile)).epsilon(0.002));
            }
        }
    }
}
