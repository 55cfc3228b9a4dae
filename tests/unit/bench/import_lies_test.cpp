// SPDX-License-Identifier: Apache-2.0
// Foreign results that contradict themselves: never valid, and the reason names both fields.
#include "bench/exchange/foreign_run.h"
#include "profiles/file_error.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <utility>
#include <vector>

using namespace bench::exchange;
using Catch::Contains;
using results::RunRecord;

namespace {

using Changes = std::vector<std::pair<std::string, std::string>>;

std::string altered(std::string text, const Changes& changes) {
    for (const auto& [from, to] : changes) {
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
    }
    return text;
}

// Why each of its rounds is not valid, or why it was not taken at all; empty: all of it counts.
std::string verdict(const std::string& text) {
    std::string out;
    try {
        for (const results::RoundRecord& round : import_text(text, "old", {}).rounds) {
            for (const std::string& reason : round.audit.invalid) {
                out += reason + "; ";
            }
        }
    } catch (const profiles::FileError& error) {
        return fmt::format("refused: {}", error.what());
    }
    return out;
}

const std::string job =
    R"({"jobname": "a", "groupid": 0, "error": 0, "eta": 0, "elapsed": 11,
 "job options": {"rw": "randread", "bs": "4k", "iodepth": "8"},
 "read": {"io_bytes": 40960000, "io_kbytes": 40000, "bw_bytes": 4096000, "bw": 4000,
  "iops": 1000.000000, "runtime": 10000, "total_ios": 10000, "short_ios": 0, "drop_ios": 0,
  "slat_ns": {"min": 10, "max": 900, "mean": 100.0, "N": 10000},
  "clat_ns": {"min": 1000, "max": 90000, "mean": 5000.5, "stddev": 2000.0, "N": 10000,
   "percentile": {"50.000000": 4000, "90.000000": 6000, "99.000000": 20000}},
  "lat_ns": {"min": 1100, "max": 90100, "mean": 5100.5, "N": 10000}},
 "write": {"io_bytes": 0, "iops": 0.0, "runtime": 0, "total_ios": 0}, "job_runtime": 10001})";

std::string document(const std::string& jobs, long long timestamp_ms = 1'796'000'010'000) {
    return fmt::format("{{\"fio version\": \"fio-3.33\", \"timestamp\": {}, \"timestamp_ms\": {},\n"
                       "\"jobs\": [{}]}}\n",
                       timestamp_ms / 1000,
                       timestamp_ms,
                       jobs);
}

// Half of it, told of in an earlier document of the same run.
std::string half() {
    return altered(job,
                   {{"\"io_bytes\": 40960000", "\"io_bytes\": 20480000"},
                    {"\"io_kbytes\": 40000", "\"io_kbytes\": 20000"},
                    {"\"runtime\": 10000", "\"runtime\": 5000"},
                    {"\"total_ios\": 10000", "\"total_ios\": 5000"},
                    {"\"N\": 10000", "\"N\": 5000"},
                    {"\"N\": 10000", "\"N\": 5000"},
                    {"\"N\": 10000", "\"N\": 5000"}});
}

} // namespace

TEST_CASE("fields of fio's that contradict each other make a number invalid, by their names",
          "[import]") {
    CHECK(verdict(document(job)).empty());
    const std::vector<std::pair<Changes, std::string>> lies = {
        {{{"\"total_ios\": 10000", "\"total_ios\": 10001"}}, "total_ios 10001 and iops disagree"},
        {{{"1000.000000", "1001.000000"}}, "total_ios 10000 and iops disagree"},
        {{{"\"runtime\": 10000", "\"runtime\": 9000"}}, "total_ios 10000 and iops disagree"},
        {{{"\"io_kbytes\": 40000", "\"io_kbytes\": 40001"}},
         "io_kbytes 40001 and io_bytes 40960000 disagree"},
        {{{"\"bw_bytes\": 4096000", "\"bw_bytes\": 4096001"}}, "bw_bytes 4096001 and io_bytes"},
        {{{"\"bw\": 4000", "\"bw\": 4002"}}, "bw 4002 and io_bytes 40960000"},
        {{{"\"io_bytes\": 40960000", "\"io_bytes\": 81920000"},
          {"\"io_kbytes\": 40000", "\"io_kbytes\": 80000"},
          {"\"bw_bytes\": 4096000", "\"bw_bytes\": 8192000"},
          {"\"bw\": 4000", "\"bw\": 8000"}},
         "io_bytes 81920000 and total_ios 10000 disagree: of 4096 to 4096 bytes"},
        {{{"\"bs\": \"4k\"", "\"bs\": \"8k\""}}, "io_bytes 40960000 and total_ios 10000 disagree"},
        {{{"\"N\": 10000}}", "\"N\": 9991}}"}}, "lat_ns N 9991 and total_ios 10000 disagree"},
        {{{"\"N\": 10000}}", "\"N\": 10001}}"}}, "lat_ns N 10001 and total_ios 10000 disagree"},
        {{{"\"N\": 10000,", "\"N\": 9999,"}}, "lat_ns N 10000 and clat_ns N 9999 disagree"},
        {{{"\"N\": 10000,", "\"N\": 0,"}}, "clat_ns: N is 0, and max 90000"},
        {{{"5000.5", "990.5"}}, "clat_ns: mean 990.5 is below min 1000"},
        {{{"5000.5", "90100.5"}}, "clat_ns: mean 90100.5 is above max 90000"},
        {{{"5000.5", "7500.5"}}, "clat_ns: mean 7500.5 is not that of its percentiles"},
        {{{"5000.5", "2500.5"}}, "clat_ns: mean 2500.5 is not that of its percentiles"},
        {{{"\"90.000000\": 6000", "\"90.000000\": 3999"}},
         "percentile 50 is 4000, and percentile 90 is less: 3999"},
        {{{"\"99.000000\": 20000", "\"99.000000\": 92000"}},
         "percentile 99 is 92000, above max 90000"},
        {{{"\"50.000000\": 4000", "\"50.000000\": 900"}}, "percentile 50 is 900, below min 1000"},
        {{{"\"min\": 1100", "\"min\": 900"}}, "lat_ns min 900 is below clat_ns min 1000"},
        {{{"\"max\": 90100", "\"max\": 89000"}}, "lat_ns max 89000 is below clat_ns max 90000"},
        {{{"5100.5", "4900.5"}}, "lat_ns mean 4900 is below clat_ns mean 5000"},
        {{{"5100.5", "5300.5"}},
         "slat_ns mean 100 and clat_ns mean 5000.5 together are not lat_ns"},
        {{{"\"stddev\": 2000.0", "\"stddev\": 500.0"}},
         "clat_ns: max 90000 is further from mean 5000.5 than stddev 500 and N 10000 allow"},
        {{{"\"stddev\": 2000.0", "\"stddev\": 19000.0"}},
         "clat_ns: stddev 19000 is more than min 1000, mean 5000.5 and max 90000 allow"},
        {{{"\"iops\": 0.0", "\"iops\": 7.0"}}, "write: total_ios is 0, iops 7"},
        {{{"\"write\"",
           R"("mixed": {"io_bytes": 4096, "iops": 0.1, "runtime": 10000, "total_ios": 1}, "write")"}},
         "mixed: total_ios 1 is not that of its parts, 10000"},
        {{{"\"short_ios\": 0", "\"short_ios\": 10001"}}, "short_ios 10001 is above total_ios"},
        {{{"\"elapsed\": 11", "\"elapsed\": 8"}}, "runtime 10000 ms is above elapsed 8 s"},
        {{{"\"job_runtime\": 10001", "\"job_runtime\": 9997"}},
         "runtime 10000 is above job_runtime 9997"},
        {{{"\"error\": 0", R"("job_start": 1796000002000, "error": 0)"}},
         "job_start 1796000002000 and runtime 10000 ms end behind timestamp_ms"},
        {{{"\"error\": 0, ", ""}}, "error is missing"},
        {{{"\"error\": 0", "\"error\": 5.0"}}, "ended with error 5"},
        {{{"\"error\": 0", "\"error\": 0.4"}}, "ended with error -1"},
        {{{"\"error\": 0", "\"error\": -5"}}, "ended with error -1"},
        {{{"\"error\": 0", R"("total_err": 2, "error": 0)"}}, "went on after 2 errors"},
        {{{"\"min\": 1100", "\"min\": 90101"}}, "refused"},
        {{{"\"N\": 10000}}", "\"N\": -1}}"}}, "refused"}};
    for (const auto& [changes, reason] : lies) {
        INFO(reason);
        CHECK_THAT(verdict(document(altered(job, changes))), Contains(reason));
    }
    CHECK_THAT(verdict(altered(document(job), {{"1796000010,", "1796000007,"}})),
               Contains("timestamp 1796000007 and timestamp_ms 1796000010000 disagree"));
}

TEST_CASE("what fio itself makes of honest accesses is no contradiction", "[import]") {
    const std::vector<Changes> honest = {
        {{"\"N\": 10000}}", "\"N\": 9992}}"}, {"\"N\": 10000,", "\"N\": 9992,"}}, // In flight.
        {{"\"iodepth\"", R"("ramp_time": "1", "iodepth")"},
         {"\"N\": 10000}}", "\"N\": 10008}}"},
         {"\"N\": 10000,", "\"N\": 10008,"}},
        {{"\"bs\": \"4k\"", R"("bsrange": "512-64k")"}},
        {{"\"bs\": \"4k\"", R"("bssplit": "4k/50:8k/50,16k/100")"}},
        {{"\"bs\": \"4k\"", R"("bs": "4KiB,64k")"}},
        {{"\"bs\": \"4k\"", "\"bs\": \"64k\""}, // Of the last of two that are told of together.
         {"\"job_runtime\": 10001", "\"job_runtime\": 20002"}},
        {{"\"rw\"", R"("latency_target": "1ms", "runtime": "60", "rw")"},
         {"\"eta\": 0", "\"eta\": 2147483647"}},
        {{"\"bs\": \"4k\"", R"("read_iolog": "trace", "bs": "64k")"}},
        {{"5000.5", "5000"}, {"5100.5", "5000"}, {"\"mean\": 100.0", "\"mean\": 0.0"}},
        {{"\"runtime\": 10000", "\"runtime\": 10003"},
         {"1000.000000", "999.700090"},
         {"\"bw_bytes\": 4096000", "\"bw_bytes\": 4094771"},
         {"\"bw\": 4000", "\"bw\": 3998"}},
        {{"\"error\": 0", R"("job_start": 1795999999999, "error": 0)"}}};
    for (const Changes& changes : honest) {
        INFO(changes[0].second);
        CHECK(verdict(document(altered(job, changes))).empty());
    }
}

TEST_CASE("counts of fio that no counter holds, or that are not whole, are refused", "[import]") {
    for (const char* field : {"\"total_ios\": 10000",
                              "\"io_bytes\": 40960000",
                              "\"runtime\": 10000",
                              "\"N\": 10000",
                              "\"min\": 1000",
                              "\"50.000000\": 4000",
                              "\"eta\": 0",
                              "\"groupid\": 0",
                              "\"bw\": 4000"}) {
        const std::string key = std::string(field).substr(0, std::string(field).find(' ') + 1);
        for (const char* wrong : {"-1",
                                  "0.5",
                                  "9223372036854775808",
                                  "18446744073709551615",
                                  "1e19",
                                  "1e300",
                                  "\"5\""}) {
            INFO(key << wrong);
            const std::string said = verdict(document(altered(job, {{field, key + wrong}})));
            const bool is_unknown = key == "\"eta\": " && wrong == std::string("-1"); // Not told.
            CHECK((is_unknown || said.find("refused") != std::string::npos));
        }
    }
    CHECK_THAT(verdict(document(altered(job, {{"5000.5", "nan"}}))), Contains("mean: wanted"));
    // Each may be; their sum no longer fits where it is added up.
    const std::string many = altered(job, {{"40960000", "1152921504606846976"}});
    CHECK_THAT(verdict(document(many + "," + many + "," + many + "," + many + "," + many)),
               Contains("impossible counts"));
}

TEST_CASE("bins, percentiles and ends of one latency of fio must agree", "[import]") {
    const std::string bins =
        R"("bins": {"1004": 5000, "4016": 4000, "6016": 900, "20096": 99, "90624": 1})";
    const std::string with = altered(job,
                                     {{"\"percentile\"", bins + ", \"percentile\""},
                                      {"5000.5", "2857.8"},
                                      {"2000.0", "2620.0"},
                                      {"5100.5", "2957.8"},
                                      {"\"50.000000\": 4000", "\"50.000000\": 1004"},
                                      {"\"90.000000\": 6000", "\"90.000000\": 4016"},
                                      {"\"99.000000\": 20000", "\"99.000000\": 6016"}});
    CHECK(verdict(document(with)).empty());
    const std::vector<std::pair<Changes, std::string>> lies = {
        {{{"\"90.000000\": 4016", "\"90.000000\": 3000"}},
         "percentile 90 is 3000, and its bins say 4016"},
        {{{"\"90.000000\": 4016", "\"90.000000\": 6016"}},
         ""}, // Between two bins, doubles may round either way.
        {{{"2857.8", "2957.9"}}, "clat_ns: mean 2957.9 is not that of its bins"},
        {{{"2857.8", "2757.8"}}, "clat_ns: mean 2757.8 is not that of its bins"},
        {{{"\"max\": 90000", "\"max\": 80000"}}, "max 80000 is not in the last of its bins, 90624"},
        {{{"\"max\": 90000", "\"max\": 90100"}}, ""},
        {{{"\"min\": 1000", "\"min\": 1020"}}, "min 1020 is not in the first of its bins, 1004"}};
    for (const auto& [changes, reason] : lies) {
        INFO(changes[0].second);
        const std::string said = verdict(document(altered(with, changes)));
        CHECK(reason.empty() == said.empty());
        CHECK_THAT(said, Contains(reason));
    }
    // Above 17.18 s a bucket holds all, whatever it took.
    const std::string slow = altered(with,
                                     {{"\"90624\": 1", "\"17112760320\": 1"},
                                      {"\"max\": 90000", "\"max\": 60000000000"},
                                      {"2857.8", "6002849.2"},
                                      {"2620.0", "600000000.0"},
                                      {"\"max\": 90100", "\"max\": 60000000100"},
                                      {"2957.8", "6002949.2"}});
    CHECK(verdict(document(slow)).empty());
}

TEST_CASE("fio's jobs of which it is not known what ran beside what are not valid", "[import]") {
    const std::string other = altered(job, {{"\"a\"", "\"b\""}, {"5000.5", "5001.5"}});
    CHECK(verdict(document(job + "," + other)).empty());
    const std::string without = altered(other, {{"\"groupid\": 0, ", ""}});
    CHECK_THAT(verdict(document(job + "," + without)), Contains("job b has no groupid"));
    CHECK_THAT(verdict(document(without + "," + job)), Contains("job b has no groupid"));
    CHECK(verdict(document(without)).empty()); // Alone it needs none.
    // Groups follow each other, unless all together took less than each of them added up.
    const auto grouped = [&](const std::string& elapsed, const std::string& options) {
        const Changes changes = {{"\"elapsed\": 11", elapsed}};
        const std::string later =
            altered(other, {{"\"groupid\": 0", "\"groupid\": 1"}, {"\"rw\"", options + "\"rw\""}});
        return verdict(document(altered(job, changes) + "," + altered(later, changes)));
    };
    CHECK(grouped("\"elapsed\": 20", "").empty());
    CHECK_THAT(grouped("\"elapsed\": 19", ""),
               Contains("runtime of the 2 groups, 20000 ms together, is above elapsed 19 s"));
    CHECK_THAT(grouped("\"was\": 1", ""), Contains("groupid tells of 2 groups, and no elapsed"));
    CHECK_THAT(grouped("\"elapsed\": 20", R"("new_group": "1", )"), Contains("waits for none"));
    CHECK(grouped("\"elapsed\": 20", R"("new_group": "1", "stonewall": "1", )").empty());
}

TEST_CASE("a job of fio's that stands twice, or is missing among its copies, is found",
          "[import]") {
    CHECK_THAT(verdict(document(job + "," + job)), Contains("jobs a and a say the same numbers"));
    CHECK_THAT(verdict(document(job + "," + altered(job, {{"\"a\"", "\"b\""}}))),
               Contains("jobs a and b say the same numbers"));
    const std::string again = altered(job, {{"5000.5", "5001.5"}});
    CHECK(verdict(document(job + "," + again)).empty());
    const auto of = [&](const std::string& copies, const std::string& text) {
        return altered(text, {{"\"rw\"", fmt::format(R"("numjobs": "{}", "rw")", copies)}});
    };
    CHECK(verdict(document(of("2", job) + "," + of("2", again))).empty());
    CHECK_THAT(verdict(document(of("3", job) + "," + of("3", again))),
               Contains("numjobs of fio's job a is 3, and jobs has 2"));
    // One alone may be all three, whose times are added up then.
    CHECK_THAT(verdict(document(of("3", job))), Contains("numjobs of fio's job a is 3"));
    CHECK(verdict(document(altered(of("3", job), {{"10001", "30003"}}))).empty());
}

TEST_CASE("documents of fio's in another order than it wrote them are not valid", "[import]") {
    const std::string first =
        document(altered(half(), {{"\"eta\": 0", "\"eta\": 5"}}), 1'796'000'005'000);
    const std::string last = document(job);
    CHECK(verdict(first + last).empty());
    CHECK_THAT(verdict(last + first), Contains("began before another had ended"));
    // Where fio could not tell how long it would take, the earlier one may stand behind as well.
    const auto unknown = [](const std::string& text) {
        return altered(text, {{"\"eta\": ", "\"eta\": 2147483647, \"was\": "}});
    };
    CHECK(verdict(unknown(first) + unknown(last)).empty());
    CHECK_THAT(verdict(unknown(last) + unknown(first)), Contains("began before another had ended"));
    // Times altered to fit: the sums still fall.
    const std::string going = document(altered(job, {{"\"eta\": 0", "\"eta\": 5"}}));
    const std::string fallen = document(half(), 1'796'000'012'000);
    CHECK_THAT(verdict(going + fallen), Contains("total_ios falls from 10000"));
    const auto ramped = [](const std::string& text) {
        return altered(text, {{"\"iodepth\"", R"("ramp_time": "10", "iodepth")"}});
    };
    CHECK(verdict(ramped(going) + ramped(fallen)).empty());
    CHECK_THAT(verdict(ramped(going) + ramped(document(half(), 1'796'000'009'000))),
               Contains("timestamp_ms falls"));
    // Two whole runs may stand in any order.
    CHECK(verdict(document(job, 1'796'000'030'000) + last).empty());
}

TEST_CASE("documents of different runs of fio that overlap or are cut are not valid", "[import]") {
    const std::string other = altered(job, {{"\"a\"", "\"b\""}});
    const std::string last = document(job);
    CHECK(verdict(last + document(other, 1'796'000'021'000)).empty());
    CHECK_THAT(verdict(last + document(other, 1'796'000'015'000)),
               Contains("they ran beside each other"));
    std::string untimed = document(other);
    untimed =
        altered(untimed, {{"\"timestamp\": 1796000010, \"timestamp_ms\": 1796000010000,", ""}});
    CHECK(verdict(untimed).empty());
    CHECK_THAT(verdict(last + untimed), Contains("timestamp_ms is missing"));
    const std::string next = document(other, 1'796'000'021'000);
    CHECK_THAT(verdict(last + next.substr(1)), Contains("stands \"jobname\" outside of any"));
    CHECK_THAT(verdict(last + next.substr(1) + next), Contains("outside of any"));
    CHECK_THAT(verdict(last + next.substr(0, next.size() - 3)), Contains("cut"));
    CHECK(verdict(last + "fio: done\n").empty());
}
