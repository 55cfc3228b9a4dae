// SPDX-License-Identifier: Apache-2.0
// Lines of vdbench, elbencho and fio's terse output that contradict themselves or each other.
#include "bench/exchange/foreign_run.h"
#include "profiles/file_error.h"
#include "results/whole_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>
#include <vector>

using namespace bench::exchange;
using Catch::Contains;

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

void check_lies(const std::string& honest,
                const std::vector<std::pair<Changes, std::string>>& lies) {
    CHECK(verdict(honest).empty());
    for (const auto& [changes, reason] : lies) {
        INFO(reason);
        CHECK_THAT(verdict(altered(honest, changes)), Contains(reason));
    }
}

const std::string devices =
    "* reqrate\ntod timestamp Run Interval reqrate rate MB/sec bytes/io read% resp read_resp "
    "write_resp resp_max\n"
    "11:22:31.000 x rd1 1 1000 990.0 3.867 4096 75.0 0.500 0.400 0.800 5.0\n"
    "11:22:32.010 x rd1 2 1000 1010.0 3.945 4096 75.0 0.550 0.450 0.850 9.0\n"
    "11:22:33.500 x rd1 3 1000 1000.0 3.906 4096 75.0 0.650 0.550 0.950 9.0\n"
    "11:22:33.600 x rd1 avg_2-3 1000 1005.0 3.926 4096 75.0 0.600 0.500 0.900 9.0\n";

const std::string files =
    "* reqrate\ntod timestamp Run Interval reqrate rate resp resp_max MB/sec Read_rate Write_rate "
    "MB_read MB_write\n"
    "09:10:26.025 x rd1 1 9999988 310.0 0.07 0.9 3.0 100.0 200.0 1.0 2.0\n"
    "09:10:27.059 x rd1 2 9999988 310.0 0.07 0.9 3.0 100.0 200.0 1.0 2.0\n"
    "09:10:27.074 x rd1 avg_2-2 9999988 310.0 0.07 0.9 3.0 100.0 200.0 1.0 2.0\n";

const std::string elbencho =
    "ISO date,label,file size,block size,operation,time ms [first],time ms [last],IOPS [last],"
    "MiB/s [last],CPU% [last],MiB [first],MiB [last],IO lat us [min],IO lat us [avg],"
    "IO lat us [max]\n"
    "2026-05-22T16:09:41,,1073741824,65536,READ,1000,2000,1440,90,7,90,180,10,20,30\n";

} // namespace

TEST_CASE("vdbench's columns and lines that contradict each other make a run invalid", "[import]") {
    check_lies(
        devices,
        {{{{"1010.0 3.945 4096", "1010.0 3.945 8192"}}, "rate 1010 of bytes/io 8192 is not MB/sec"},
         {{{"1005.0 3.926 4096", "1105.0 3.926 4096"}}, "rate 1105 of bytes/io 4096 is not MB/sec"},
         {{{"1005.0 3.926 4096", "1105.0 4.316 4096"}},
          "rate 1105 of vdbench's average and 1005 of its intervals disagree"},
         {{{"1005.0 3.926 4096", "1005.0 4.926 5140"}},
          "MB/sec 4.926 of vdbench's average and 3.9255 of its intervals disagree"},
         {{{"0.600 0.500 0.900", "0.300 0.200 0.600"}},
          "resp 0.3 of vdbench's average and 0.55 to 0.65 of its intervals disagree"},
         {{{"0.550 0.450 0.850", "0.350 0.450 0.850"}},
          "resp 0.35 is not between read_resp 0.45 and write_resp 0.85"},
         {{{"0.550 0.450 0.850 9.0", "0.550 0.450 0.850 0.4"}}, "resp 0.55 is above resp_max 0.4"},
         {{{"11:22:32.010", "11:22:32.010"}, {"11:22:33.500", "12:22:33.500"}},
          "tod says 3601.5 s between vdbench's intervals 2 and 3"},
         {{{"11:22:32.010", "11:22:30.010"}}, "tod says"},
         {{{"11:22:32.010", "n/a"}}, "tells no tod"},
         {{{"avg_2-3", "avg_2-1"}}, "average is one of no intervals, and there are 3"},
         {{{"avg_2-3", "avg_x"}}, "average is one of no intervals"},
         {{{"avg_2-3", "avg_9-3"}}, "average is one of no intervals"},
         {{{"1010.0 3.945", "1e14 3.945"}}, "refused"}});
    CHECK_THAT(verdict(devices.substr(0, devices.size() - 1)),
               Contains("the last line has no end"));
    CHECK_THAT(verdict(devices.substr(0, devices.size() - 3)), Contains("last cell may be cut"));
    CHECK_THAT(verdict(devices.substr(0, devices.size() - 6)), Contains("refused"));
    const std::string one = "* reqrate\ntod timestamp Run Interval reqrate rate MB/sec read%\n"
                            "11:22:31.000 x rd1 1 1000 990.0 3.867 75.0\n"
                            "11:22:31.000 x rd1 avg_1-1 1000 990.0 3.867 75.0\n";
    CHECK_THAT(verdict(one), Contains("one interval: how long it was is not told"));
    check_lies(files,
               {{{{"310.0 0.07 0.9 3.0 100.0", "250.0 0.07 0.9 3.0 100.0"}},
                 "read_rate and write_rate are 300 together, above rate 250"},
                {{{"0.9 3.0", "0.9 4.0"}}, "mb_read and mb_write are 3 together, and MB/sec 4"},
                {{{"0.07 0.9", "7.07 0.9"}}, "resp 7.07 is above resp_max 0.9"}});
}

TEST_CASE("lines of vdbench that come late make its intervals no shorter or longer", "[import]") {
    const auto run = import_text(altered(devices, {{"11:22:32.010", "11:22:32.900"}}), "old", {});
    CHECK(run.rounds.at(0).audit.invalid.empty());
    for (const auto& interval : run.rounds[0].intervals) {
        CHECK(interval.length_ns == 1'000'000'000);
    }
}

TEST_CASE("elbencho's columns that contradict each other make a phase invalid", "[import]") {
    check_lies(elbencho,
               {{{{"1440,90", "2880,90"}}, "accesses of block size 65536 are not 188743680 bytes"},
                {{{"1440,90", "720,90"}}, "iops [last] and mib [last] disagree: 1440 accesses"},
                {{{"90,180", "90,360"}}, "mib [last] 360 and mib/s [last] 90 do not agree"},
                {{{"READ,1000,2000", "READ,3000,2000"}},
                 "time ms [first] 3000 is above time ms [last] 2000"},
                {{{"90,180,10", "190,180,10"}}, "mib [first] 190 is above mib [last] 180"},
                {{{"10,20,30", "25,20,30"}}, "io lat us [min] 25 is above io lat us [avg] 20"},
                {{{"10,20,30", "10,40,30"}}, "io lat us [avg] 40 is above io lat us [max] 30"},
                {{{"90,7,90", "90,107,90"}}, "cpu% [last] 107 is no share of a host"},
                {{{"1000,2000", "0,0"}}, "time ms [last] is 0"},
                {{{"1000,2000", "1000,9000000000000"}}, "refused"}});
    // A file's last block may be smaller, and settings may stand there in other words.
    CHECK(verdict(altered(elbencho, {{"1073741824", "1000"}, {"1440,90,7,90,180", "1440,1,7,1,2"}}))
              .empty());
    CHECK(verdict(altered(elbencho, {{"65536", "64K"}})).empty());
}

TEST_CASE("fields of fio's terse output that contradict each other make a job invalid",
          "[import]") {
    const std::string line = results::read_whole_file(
        tests::source_dir() + "/tests/fuzz/corpus/import_fuzz/fio_terse_3", 1 << 20);
    const std::vector<std::string> fields = [&] {
        std::vector<std::string> out(1);
        for (const char letter : line.substr(0, line.find('\n'))) {
            if (letter == ';') {
                out.emplace_back();
            } else {
                out.back() += letter;
            }
        }
        return out;
    }();
    const auto with = [&](std::vector<std::pair<std::size_t, std::string>> changes) {
        std::vector<std::string> all = fields;
        for (const auto& [field, text] : changes) {
            all.at(field - 1) = text;
        }
        return verdict(fmt::format("{}\n", fmt::join(all, ";")));
    };
    CHECK(with({}).empty());
    CHECK_THAT(with({{7, "999999"}}), Contains("bw 999999 and io_bytes"));
    CHECK_THAT(with({{16, "99.5"}}), Contains("clat_ns: mean 99500 is above max 14000"));
    CHECK_THAT(with({{24, "50.000000%=1"}}),
               Contains("percentile 50 is 1000, and percentile 60 is less: 0"));
    CHECK_THAT(with({{24, "1.000000%=1"}}), Contains("one value of percentile 1"));
    CHECK_THAT(with({{40, "99.5"}}), Contains("lat_ns: mean 99500 is above max 15000"));
    for (const char* wrong : {"0.4", "-1", "1e300", "nan", ""}) {
        INFO(wrong);
        CHECK_THAT(with({{5, wrong}}), Contains("refused"));
        CHECK_THAT(with({{6, wrong}}), Contains("refused"));
    }
    CHECK_THAT(with({{9, "0"}}), Contains("total_ios is 0"));
}
