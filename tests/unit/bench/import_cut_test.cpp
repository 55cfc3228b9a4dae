// SPDX-License-Identifier: Apache-2.0
// Foreign results that are cut, put together or say what is no number: never valid, or refused.
#include "bench/exchange/foreign_run.h"
#include "profiles/file_error.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fmt/format.h>

using namespace bench::exchange;
using Catch::Contains;
using results::RoundRecord;
using results::RunRecord;

namespace {

RunRecord imported(const std::string& text) {
    return import_text(text, "old", {});
}

std::string complaint(const std::string& text) {
    try {
        (void)imported(text);
    } catch (const profiles::FileError& error) {
        return error.what();
    }
    return "taken";
}

std::string why_invalid(const RoundRecord& round) {
    std::string out;
    for (const std::string& reason : round.audit.invalid) {
        out += reason + "; ";
    }
    return out;
}

bool says(const RunRecord& run, const std::string& word) {
    return std::any_of(run.not_seen.begin(), run.not_seen.end(), [&](const std::string& one) {
        return one.find(word) != std::string::npos;
    });
}

struct Job {
    std::string name = "a";
    int group = 0;
    int ios = 1000;
    int runtime_ms = 1000;
    unsigned eta_s = 0;
    std::string more{}; // Of the job, each led by a comma.
    std::string iops{}; // Instead of what follows from the others.
    std::string count = "total_ios";

    std::string text() const {
        return fmt::format(
            R"({{"jobname": "{}", "groupid": {}, "error": 0, "elapsed": 100, "eta": {}{}, "read": {{"io_bytes": {},)"
            R"( "iops": {}, "runtime": {}, "{}": {}, "lat_ns": {{"min": 5, "max": 9, "N": {}}},)"
            R"( "bw_dev": 0.5}}}})",
            name,
            group,
            eta_s,
            more,
            ios * 4096,
            iops.empty() ? fmt::format("{}", ios * 1000.0 / runtime_ms) : iops,
            runtime_ms,
            count,
            ios,
            ios);
    }
};

std::string document(const std::vector<Job>& jobs, long timestamp_ms = 1'796'000'010'000) {
    std::string list;
    for (const Job& job : jobs) {
        list += (list.empty() ? "" : ", ") + job.text();
    }
    return fmt::format("{{\"fio version\": \"fio-3.33\", \"timestamp_ms\": {},\n\"jobs\": [{}]}}\n",
                       timestamp_ms,
                       list);
}

std::string utf16(const std::string& text, bool big) {
    std::string out = big ? "\xFE\xFF" : "\xFF\xFE";
    for (const char letter : text) {
        out += big ? std::string{'\0', letter} : std::string{letter, '\0'};
    }
    return out;
}

// Of fio 3.33, told of by --minimal; `kib` and what follows of reads, nothing else done.
std::string terse(int version, const std::string& name, int group, int kib, int iops, int ms) {
    const auto direction = [&](int size_kib, int rate, int runtime_ms) {
        std::string out = fmt::format("{};{};{};{};0;0;0.0;0.0;{};{};9.5;1.0",
                                      size_kib,
                                      runtime_ms > 0 ? size_kib * 1000 / runtime_ms : 0,
                                      rate,
                                      runtime_ms,
                                      size_kib > 0 ? 5 : 0,
                                      size_kib > 0 ? 80 : 0);
        for (int i = 0; i < 20; ++i) {
            out += i == 0 ? ";50.000000%=9" : i == 1 ? ";99.000000%=70" : ";0%=0";
        }
        out += size_kib > 0 ? ";6;81;10.5;1.0;" : ";0;0;0.0;0.0;";
        return out + (version == 5 ? "0;0;-nan%;0.0;0.0;0;0;0;0.0;0.0;0" : "0;0;-nan%;0.0;0.0");
    };
    std::string out = version == 2 ? fmt::format("2;{};{};0", name, group)
                                   : fmt::format("{};fio-3.33;{};{};0", version, name, group);
    out += ";" + direction(kib, iops, ms) + ";" + direction(0, 0, 0);
    out += version == 3 ? "" : ";" + direction(0, 0, 0);
    out += ";1.0%;2.0%;3;4;5";
    for (int i = 0; i < 29; ++i) {
        out += ";0.00%";
    }
    return out + "\n";
}

const std::string elbencho_head =
    "ISO date,label,operation,time ms [first],time ms [last],IOPS [last],MiB/s [last],MiB [last]\n";
const std::string elbencho_row = "2026-05-22T16:09:41,,READ,1000,2000,90,90,180\n";

const std::string vdbench_head = "<pre>\n* reqrate\ntod timestamp Run Interval reqrate rate MB/sec "
                                 "read% resp resp_max\n";
const std::string vdbench_rows = "11:22:31.000 x rd1 1 1000 990 3.867 75 0.5 5.0\n"
                                 "11:22:32.000 x rd1 2 1000 1010 3.945 75 0.6 9.0\n"
                                 "11:22:33.000 x rd1 3 1000 1000 3.9 75 0.6 9.0\n"
                                 "11:22:33.000 x rd1 avg_2-3 1000 1005 3.92 75 0.6 9.0\n";

} // namespace

TEST_CASE("groups of fio's jobs ran one after another: a round each, in their order", "[import]") {
    const std::string wall = R"(, "job options": {"stonewall": "1"})";
    const RunRecord run = imported(document({{.name = "a", .group = 0},
                                             {.name = "b", .group = 1, .ios = 500, .more = wall},
                                             {.name = "a", .group = 2, .ios = 200, .more = wall}}));
    REQUIRE(run.rounds.size() == 3);
    CHECK(run.rounds[0].streams.at(0).completed == 1000);
    CHECK(run.rounds[1].streams.at(0).completed == 500);
    CHECK(run.rounds[1].audit.achieved_per_s == Approx(500));
    CHECK(run.rounds[2].workload == "a, group 2"); // Else it would be the first one's repetition.
    CHECK(run.rounds[0].started_utc_ns == 1'796'000'007'000'000'000);
    CHECK(run.rounds[2].started_utc_ns == 1'796'000'009'000'000'000);
    CHECK(why_invalid(run.rounds[0]).empty());
    CHECK(says(run, "stonewall"));
    const RunRecord beside = imported(document({{.name = "a"}, {.name = "b"}}));
    REQUIRE(beside.rounds.size() == 1);
    CHECK(beside.rounds[0].audit.achieved_per_s == Approx(2000));
    CHECK(why_invalid(beside.rounds[0]).empty());
    CHECK_FALSE(says(beside, "stonewall"));
}

TEST_CASE("jobs of one group that did not run beside each other have no one rate", "[import]") {
    const auto why = [](const std::vector<Job>& jobs) {
        return why_invalid(imported(document(jobs)).rounds.at(0));
    };
    CHECK_THAT(why({{.name = "a"}, {.name = "b", .runtime_ms = 10'000}}),
               Contains("ran for 1000 ms and b for 10000 ms"));
    CHECK(why({{.name = "a"}, {.name = "b", .runtime_ms = 1050}}).empty());
    const std::string waits = R"(, "job options": {"wait_for": "a"})";
    CHECK_THAT(why({{.name = "a"}, {.name = "b", .more = waits}}), Contains("wait_for=a"));
    CHECK_THAT(why({{.name = "a", .more = waits}}), Contains("wait_for=a")); // A sum of several.
    const std::string later = R"(, "job options": {"startdelay": "5"})";
    CHECK_THAT(why({{.name = "a"}, {.name = "b", .more = later}}), Contains("startdelay=5"));
    CHECK(why({{.name = "a", .more = later}}).empty());
    CHECK_THAT(why({{.more = R"(, "total_err": 3)"}}), Contains("after 3 errors"));
}

TEST_CASE("of fio's documents so far the last is taken, and the file says how many there were",
          "[import]") {
    const std::string interim = document({{.ios = 400, .runtime_ms = 400, .eta_s = 1}}, 9'400);
    const std::string last = document({{}}, 10'000);
    const RunRecord run = imported(interim + last);
    REQUIRE(run.rounds.size() == 1);
    CHECK(run.rounds[0].streams.at(0).completed == 1000);
    CHECK(why_invalid(run.rounds[0]).empty());
    CHECK(says(run, "in 2 documents"));
    CHECK_FALSE(says(imported(last), "documents"));
    // Cut in the last one: not the one before, and at no place.
    for (const std::size_t cut : {1U, 20U, 60U, 200U}) {
        INFO(cut);
        CHECK_THAT(complaint(interim + last.substr(0, last.size() - 1 - cut)),
                   Contains("document 2") && Contains("cut"));
    }
    // Ended by a signal: the last is one of those so far.
    CHECK_THAT(why_invalid(imported(interim).rounds.at(0)), Contains("had not ended"));
    // Its end may be missing as a whole: then it did not run for as long as it was to.
    const Job longer{.more = R"(, "job options": {"runtime": "1500ms"})"};
    CHECK_THAT(why_invalid(imported(interim + document({longer}, 10'000)).rounds.at(0)),
               Contains("the last document is of 1000 ms, of 1500 asked for"));
    CHECK(why_invalid(imported(document({longer})).rounds.at(0)).empty()); // All of its size.
    // Where fio cannot tell how long it will take, it cannot at the end either.
    for (const unsigned unknown : {2'147'483'647U, 4'294'967'294U}) {
        Job done{.eta_s = unknown, .more = R"(, "job options": {"runtime": "1"})"};
        CHECK(why_invalid(imported(document({done})).rounds.at(0)).empty());
        done.runtime_ms = 500;
        CHECK_THAT(why_invalid(imported(document({done})).rounds.at(0)), Contains("of 500 ms"));
    }
}

TEST_CASE("runs of fio that were written into one file stay runs of their own", "[import]") {
    const RunRecord more = imported(document({{}}, 10'000) + document({{.ios = 1001}}, 12'000));
    REQUIRE(more.rounds.size() == 2);
    CHECK(more.rounds[1].streams.at(0).completed == 1001);
    CHECK(says(more, "2 runs of fio"));
    CHECK(imported(document({{}}, 10'000) + document({{.ios = 900}}, 12'000)).rounds.size() == 2);
    CHECK(imported(document({{}}, 10'000) + document({{.name = "b"}}, 12'000)).rounds.size() == 2);
    // Sums of one run that ended between two documents.
    CHECK(imported(document({{}}, 10'000) + document({{.ios = 1001, .runtime_ms = 1001}}, 10'001))
              .rounds.size() == 1);
}

TEST_CASE("what fio wrote for no number is one only where it does not count", "[import]") {
    std::string text = document({{}});
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string out = text;
        out.replace(out.find(from), from.size(), to);
        return out;
    };
    for (const char* word : {"-nan", "nan", "NaN", "inf", "-Infinity"}) {
        INFO(word);
        CHECK(complaint(with("\"bw_dev\": 0.5", std::string("\"bw_dev\": ") + word)) == "taken");
        CHECK_THAT(complaint(with("\"iops\": 1000", std::string("\"iops\": ") + word)),
                   Contains("iops: wanted a number"));
        CHECK_THAT(complaint(with("\"N\": 1000", std::string("\"N\": ") + word)),
                   Contains("N: wanted a number"));
    }
    for (const char* value : {"-5", "\"1000\"", "\"1,000\"", "1e30", "true", "null", "[1000]"}) {
        INFO(value);
        CHECK(complaint(with("\"total_ios\": 1000", std::string("\"total_ios\": ") + value)) !=
              "taken");
    }
    text = document({{.name = "nan -inf"}});
    CHECK(imported(text).rounds.at(0).workload == "nan -inf"); // Within quotes words are words.
}

TEST_CASE("counts of fio that are missing or contradict each other are not taken for true",
          "[import]") {
    CHECK_THAT(complaint(document({{.count = "total_ious"}})), Contains("wanted total_ios"));
    CHECK_THAT(why_invalid(imported(document({{.iops = "10"}})).rounds.at(0)),
               Contains("are not 10/s"));
    std::string text = document({{}});
    text.replace(text.find("\"runtime\": 1000"), 15, "\"runtime\": 0");
    CHECK_THAT(why_invalid(imported(text).rounds.at(0)), Contains("in no time"));
}

TEST_CASE("files with a mark, of UTF-16 and with other ends of lines read as any other",
          "[import]") {
    for (const std::string& text : {document({{}}),
                                    elbencho_head + elbencho_row,
                                    vdbench_head + vdbench_rows,
                                    terse(3, "a", 0, 8000, 2000, 1000)}) {
        const auto count = imported(text).rounds.at(0).streams.at(0).completed;
        std::string crlf;
        for (const char letter : text) {
            crlf += letter == '\n' ? std::string("\r\n") : std::string(1, letter);
        }
        for (const std::string& same : {"\xEF\xBB\xBF" + text,
                                        utf16(text, false),
                                        utf16(text, true),
                                        crlf,
                                        utf16(crlf, false)}) {
            CHECK(imported(same).rounds.at(0).streams.at(0).completed == count);
        }
        CHECK_THAT(complaint(utf16(text, false).substr(0, 101)), Contains("UTF-16"));
        CHECK_THAT(complaint(utf16(text, false).substr(2)), Contains("zero byte"));
    }
    CHECK_THAT(complaint(std::string("\xFF\xFE\x00\xD8", 4)), Contains("both halves"));
}

TEST_CASE("fio's terse output comes in, of all its versions", "[import]") {
    for (const int version : {2, 3, 4, 5}) {
        INFO(version);
        const RunRecord run = imported("a warning\n" + terse(version, "one", 0, 8000, 2000, 1000) +
                                       terse(version, "two", 1, 4000, 1000, 1000));
        REQUIRE(run.rounds.size() == 2);
        const auto& stream = run.rounds[0].streams.at(0);
        CHECK(run.rounds[0].workload == "one");
        CHECK(stream.completed == 2000);
        CHECK(stream.bytes == 8000ULL * 1024);
        CHECK(stream.response_ns.quantile_ns(0.5) == Approx(9000).epsilon(0.01));
        CHECK(stream.response_ns.max_ns() == 80'000);
        CHECK(run.rounds[0].duration_ns == 1'000'000'000);
        CHECK(run.rounds[0].started_utc_ns == 0);
        CHECK_THAT(why_invalid(run.rounds[0]),
                   Contains("groupid tells of 2 groups, and no elapsed"));
        CHECK(says(run, "whole accesses a second"));
        const std::string line = terse(version, "one", 0, 8000, 2000, 1000);
        CHECK(why_invalid(imported(line).rounds.at(0)).empty());
        for (const std::size_t cut : {2U, 5U, 100U, 500U}) {
            INFO(cut);
            CHECK_THAT(complaint(line + line.substr(0, line.size() - cut)),
                       Contains("line 2") && Contains("cut"));
        }
    }
    CHECK(complaint("9;fio-9.9;a;0;0\n").find("version 2 to 5") != std::string::npos);
}

TEST_CASE(
    "terse output that cannot tell copies from sums so far, or counts too coarsely, is doubted",
    "[import]") {
    const RunRecord sums =
        imported(terse(3, "a", 0, 4000, 1000, 1000) + terse(3, "a", 0, 8000, 1000, 2000));
    CHECK(sums.rounds.at(0).streams.at(0).completed == 2000);
    CHECK_THAT(why_invalid(sums.rounds[0]), Contains("sums so far"));
    // Less than before: no sum, so a copy.
    const RunRecord copies =
        imported(terse(3, "a", 0, 4004, 1001, 1000) + terse(3, "a", 0, 4000, 1000, 1000));
    CHECK(copies.rounds.at(0).streams.at(0).completed == 2001);
    CHECK(why_invalid(copies.rounds[0]).empty());
    CHECK_THAT(why_invalid(imported(terse(3, "a", 0, 36, 9, 1000)).rounds.at(0)),
               Contains("within 1 %"));
    std::string text = terse(3, "a", 0, 8000, 2000, 1000);
    for (const char* wrong : {"nan", "-2000", "2,000", "2000/s", ""}) {
        std::string altered = text;
        altered.replace(altered.find(";2000;"), 6, std::string(";") + wrong + ";");
        INFO(wrong);
        CHECK_THAT(complaint(altered), Contains("line 1: wanted a number"));
    }
}

TEST_CASE("a row of elbencho that is cut, or has numbers in another form, is refused by its line",
          "[import]") {
    CHECK(complaint(elbencho_head + elbencho_row) == "taken");
    for (std::size_t cut = 4; cut < elbencho_row.size() - 1; ++cut) {
        INFO(cut);
        CHECK_THAT(complaint(elbencho_head + elbencho_row +
                             elbencho_row.substr(0, elbencho_row.size() - 1 - cut)),
                   Contains("old:3: wanted"));
    }
    // In its last cell: nothing shows but that the line does not end, or that 18 MiB are too few.
    for (const std::size_t cut : {0U, 1U, 2U}) {
        const RunRecord run = imported(elbencho_head + elbencho_row +
                                       elbencho_row.substr(0, elbencho_row.size() - 1 - cut));
        CHECK(why_invalid(run.rounds.at(0)).empty());
        CHECK_THAT(why_invalid(run.rounds.at(1)), Contains("the last line has no end"));
        CHECK((cut == 0) == (why_invalid(run.rounds[1]).find("do not agree") == std::string::npos));
    }
    for (const char* wrong : {"180 MiB", "\"1,800\"", "-180", "nan", "inf", "1.8.0", "0x10"}) {
        INFO(wrong);
        CHECK_THAT(
            complaint(elbencho_head + "2026-05-22T16:09:41,,READ,1000,2000,90,90," + wrong + "\n"),
            Contains("old:2: wanted a number from 0 to 1e15 as mib [last]"));
    }
    CHECK_THAT(complaint(elbencho_head + "2026-05-22T16:09:41,,READ,1000,2000,,90,180\n"),
               Contains("a number as ios [last] or iops [last]"));
    CHECK_THAT(complaint(elbencho_head + "2026-05-22T16:09:41,\"a,READ,1000,2000,90,90,180\n"),
               Contains("old:2: wanted a quote's end"));
    CHECK_THAT(complaint(elbencho_head + elbencho_row.substr(0, elbencho_row.size() - 1) + ",9\n"),
               Contains("8 cells, as the first row has, not 9"));
}

TEST_CASE("a table with a column twice, without one, or with its head again", "[import]") {
    std::string twice = elbencho_head;
    twice.replace(twice.find("MiB/s [last]"), 12, "MiB [last]");
    CHECK_THAT(complaint(twice + elbencho_row), Contains("one column mib [last], not several"));
    std::string without = elbencho_head;
    without.replace(without.find("IOPS [last]"), 11, "IOPS [best]");
    CHECK_THAT(complaint(without + elbencho_row), Contains("ios [last] or iops [last]"));
    CHECK(imported(elbencho_head + elbencho_row + elbencho_head + elbencho_row).rounds.size() == 2);
    const std::string shorter = "ISO date,operation,time ms [last],IOPS [last],MiB [last]\n"
                                "2026-05-22T16:09:41,WRITE,1000,50,50\n";
    CHECK(imported(elbencho_head + elbencho_row + shorter).rounds.at(1).streams.at(0).completed ==
          50);
}

TEST_CASE("vdbench: a cut row is refused, an average over what is not there is doubted",
          "[import]") {
    CHECK(why_invalid(imported(vdbench_head + vdbench_rows).rounds.at(0)).empty());
    const std::string average = "11:22:33.000 x rd1 avg_2-3 1000 1005 3.92 75 0.6 9.0\n";
    const std::string rows = vdbench_rows.substr(0, vdbench_rows.size() - average.size());
    CHECK_THAT(complaint(vdbench_head + rows + average.substr(0, 40)),
               Contains("old:7: wanted 10 cells") && Contains("cut"));
    CHECK_THAT(why_invalid(imported(vdbench_head + rows).rounds.at(0)),
               Contains("before it wrote"));
    const std::string second = "11:22:32.000 x rd1 2 1000 1010 3.945 75 0.6 9.0\n";
    std::string gap = vdbench_rows;
    gap.erase(gap.find(second), second.size());
    CHECK_THAT(why_invalid(imported(vdbench_head + gap).rounds.at(0)),
               Contains("number 2 is missing"));
    std::string longer = vdbench_rows;
    longer.replace(longer.find("avg_2-3"), 7, "avg_2-4");
    CHECK_THAT(why_invalid(imported(vdbench_head + longer).rounds.at(0)),
               Contains("until interval 4"));
    for (const char* wrong : {"nan", "-990", "9,900", "990/s"}) {
        std::string altered = vdbench_rows;
        altered.replace(altered.find(" 990 "), 5, std::string(" ") + wrong + " ");
        INFO(wrong);
        CHECK_THAT(complaint(vdbench_head + altered), Contains("as rate"));
    }
    std::string beyond = vdbench_rows;
    beyond.replace(beyond.find(" 75 "), 4, " 175 ");
    CHECK_THAT(complaint(vdbench_head + beyond), Contains("a percent as read%"));
    std::string no_share = vdbench_head;
    no_share.replace(no_share.find("read%"), 5, "share");
    CHECK_THAT(complaint(no_share + vdbench_rows), Contains("a number as read%")); // Not all reads.
}
