// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/trace/blkparse.h"
#include "profiles/trace/iolog.h"

#include <catch2/catch.hpp>

#include <sstream>

using namespace profiles;
using namespace profiles::trace;
using namespace std::chrono_literals;

namespace {

Trace iolog(const std::string& text) {
    std::istringstream in(text);
    return parse_iolog(in, "some.iolog");
}

Trace blkparse(const std::string& text, Event event = Event::queued) {
    std::istringstream in(text);
    return parse_blkparse(in, "some.txt", event);
}

std::string complaint(const std::string& text, Trace (*parse)(const std::string&)) {
    try {
        parse(text);
    } catch (const FileError& error) {
        return error.what();
    }
    return "";
}

Trace blkparse_queued(const std::string& text) {
    return blkparse(text);
}

const std::string v3 = "fio version 3 iolog\n"
                       "21 /dev/sdb add\n"
                       "131 /dev/sdb open\n"
                       "135 /dev/sdb read 61440 4096\n"
                       "405 /dev/sdb write 774144 8192\n"
                       "1950444 /dev/sdb sync 724992 0\n"
                       "1950445 /dev/sdb trim 4096 1048576\n"
                       "2000150 /dev/sdb close\n";

// As blkparse 1.3 prints it, summary included.
const std::string kernel =
    "Input file sda.blktrace.0 added\n"
    "  8,0    3        1     0.000000000   697  G   W 223490 + 8 [kjournald]\n"
    "  8,0    3        2     0.000001000   697  Q   R 223490 + 8 [cat]\n"
    "  8,0    3        3     0.000001500   697  P   N [cat]\n"
    "  8,0    3        4     0.500000001   697  Q  WS 223498 + 16 [cat]\n"
    "  8,0    3        5     0.500100000     0  D  WS 223498 + 16 [cat]\n"
    "  8,0    3        6     0.500200000     0  C  WS 223498 + 16 [0]\n"
    "  8,0    1        7     1.000000000   698  Q FWFS 1000 + 8 [jbd2]\n"
    "  8,0    1        8     1.000000500   698  Q  FN [jbd2]\n"
    "  8,16   1        9     1.500000000   699  Q  DS 2048 + 4096 [fstrim]\n"
    "  8,0    1        0     1.600000000     0  m   N cfq700 slice expired t=0\n"
    "  8,0    1       10     1.700000000   700  Q   N 36 (12 00 00 00 24 00 ..) [hald]\n"
    "CPU0 (8,0):\n"
    " Reads Queued:           1,        4KiB\n";

} // namespace

TEST_CASE("an iolog of version 3 gives every access with its instant", "[trace]") {
    const Trace trace = iolog(v3);
    REQUIRE(trace.records.size() == 4);
    CHECK(trace.devices == std::vector<std::string>{"/dev/sdb"});
    CHECK(trace.passed_over == 3);
    CHECK(trace.timed);
    CHECK(trace.records[0].op == AccessOp::read);
    CHECK(trace.records[0].at == 135us);
    CHECK(trace.records[0].offset_bytes == 61440);
    CHECK(trace.records[0].size_bytes == 4096);
    CHECK(trace.records[1].op == AccessOp::write);
    CHECK(trace.records[1].size_bytes == 8192);
    CHECK(trace.records[2].op == AccessOp::flush);
    CHECK(trace.records[2].size_bytes == 0);
    CHECK(trace.records[3].op == AccessOp::unmap);
}

TEST_CASE("an iolog of version 2 waits as its manual says and else has only an order", "[trace]") {
    const Trace trace = iolog("fio version 2 iolog\n/a add\n/b open\n/a read 0 512\n/a wait 250 0\n"
                              "/b write 512 512\r\n/a wait 250 0\n\n/b datasync 0 0\n/b close\n");
    REQUIRE(trace.records.size() == 3);
    CHECK(trace.records[0].at == 0us);
    CHECK(trace.records[1].at == 250us);
    CHECK(trace.records[2].at == 500us);
    CHECK(trace.records[1].device == 1);
    CHECK(trace.timed);
    CHECK_FALSE(iolog("fio version 2 iolog\n/a read 0 512\n/a read 512 512\n").timed);
}

TEST_CASE("blkparse's queued events become accesses, its flush flags flushes and FUA", "[trace]") {
    const Trace trace = blkparse(kernel);
    REQUIRE(trace.records.size() == 6);
    CHECK(trace.devices == std::vector<std::string>{"8,0", "8,16"});
    CHECK(trace.records[0].op == AccessOp::read);
    CHECK(trace.records[0].offset_bytes == 223490 * 512);
    CHECK(trace.records[0].at == 1us);
    CHECK(trace.records[1].op == AccessOp::write);
    CHECK_FALSE(trace.records[1].force_unit_access);
    CHECK(trace.records[1].at == 500'000'001ns);
    CHECK(trace.records[2].op == AccessOp::flush);
    CHECK(trace.records[3].op == AccessOp::write);
    CHECK(trace.records[3].force_unit_access);
    CHECK(trace.records[4].op == AccessOp::flush);
    CHECK(trace.records[5].op == AccessOp::unmap);
    CHECK(trace.records[5].device == 1);
    CHECK(trace.records[5].size_bytes == 4096 * 512);

    const Trace issued = blkparse(kernel, Event::issued);
    REQUIRE(issued.records.size() == 1);
    CHECK(issued.records[0].at == 500'100us);
}

TEST_CASE("a complaint about a trace names file and line, and what was wanted", "[trace]") {
    CHECK_THAT(complaint("fio version 3 iolog\n0 /a add\nx /a read 0 512\n", iolog),
               Catch::StartsWith("some.iolog:3: \"x /a read 0 512\": wanted a time"));
    CHECK_THAT(complaint("fio version 1 iolog\n", iolog), Catch::StartsWith("some.iolog:1: "));
    CHECK_THAT(complaint("", iolog), Catch::StartsWith("some.iolog:0: "));
    for (const char* line : {"0 /a read 0",
                             "0 /a read 0 0",
                             "0 /a read -1 512",
                             "0 /a read 0 99999999999999999999",
                             "0 /a read 1152921504606846977 512",
                             "99999999999999999 /a read 0 512",
                             "0 /a scribble 0 512",
                             "0 /a wait 5 0",
                             "0 /a scribble"}) {
        INFO(line);
        CHECK_THAT(complaint("fio version 3 iolog\n" + std::string(line) + "\n", iolog),
                   Catch::StartsWith("some.iolog:2: "));
    }
    CHECK_THAT(complaint("fio version 3 iolog\n" + std::string(5000, 'x'), iolog),
               Catch::Contains("wanted a line of less than"));
    CHECK_THAT(complaint("fio version 3 iolog\n0 /a add\n", iolog),
               Catch::Contains("wanted at least one access"));
    for (const char* line : {"hello",
                             "  8,0 3 1 0.0 697 Q",
                             "  8,0 3 1 0,5 697 Q R 1 + 8 [cat]",
                             "  8,0 3 1 0.0000000001 697 Q R 1 + 8 [cat]",
                             "  8,0 3 1 0.5 697 Q X 1 + 8 [cat]",
                             "  8,0 3 1 0.5 697 Q R one + 8 [cat]",
                             "  8,0 3 1 0.5 697 Q R 1 + 18446744073709551615 [cat]"}) {
        INFO(line);
        CHECK_THAT(complaint(line, blkparse_queued), Catch::StartsWith("some.txt:1: "));
    }
    CHECK(complaint("fio version 3 iolog\n0 /a\x1b[31m read 1 2 3\n", iolog).find('\x1b') ==
          std::string::npos);
}

TEST_CASE("a trace whose last line has no end may be cut, and is refused", "[trace]") {
    for (const auto& [text, parse] :
         {std::pair(v3, &iolog),
          std::pair(kernel.substr(0, kernel.find("CPU")), &blkparse_queued)}) {
        CHECK(complaint(text, parse).empty());
        for (const std::size_t cut : {1U, 3U, 8U}) {
            INFO(text.substr(text.size() - cut));
            CHECK_THAT(complaint(text.substr(0, text.size() - cut), parse),
                       Catch::Contains("it may be cut"));
        }
    }
}

TEST_CASE("a trace with a mark or another system's ends of lines reads as any other", "[trace]") {
    for (const auto& [text, parse] : {std::pair(v3, &iolog), std::pair(kernel, &blkparse_queued)}) {
        std::string crlf;
        for (const char letter : text) {
            crlf += letter == '\n' ? std::string("\r\n") : std::string(1, letter);
        }
        const auto same = [&](const std::string& other) {
            const Trace was = parse(text);
            const Trace is = parse(other);
            CHECK(is.records.size() == was.records.size());
            CHECK(is.records.back().offset_bytes == was.records.back().offset_bytes);
        };
        same(crlf);
        same("\xEF\xBB\xBF" + text);
        std::string wide;
        for (const char letter : text) {
            wide += std::string{letter, '\0'};
        }
        CHECK_THAT(complaint("\xFF\xFE" + wide, parse), Catch::Contains("zero byte"));
    }
}

TEST_CASE("what is written as an iolog reads back, FUA as a datasync", "[trace]") {
    Trace trace = iolog(v3);
    trace.records[1].force_unit_access = true;
    for (const std::uint32_t version : {2U, 3U}) {
        std::stringstream file;
        write_iolog(file, trace.records, {"/dev/sdb", version});
        const Trace back = parse_iolog(file, "back");
        REQUIRE(back.records.size() == 5);
        CHECK(back.records[2].op == AccessOp::flush);
        CHECK(back.timed == (version == 3));
        for (const std::size_t i : {0U, 1U, 3U, 4U}) {
            const Record& before = trace.records[i < 2 ? i : i - 1];
            CHECK(back.records[i].op == before.op);
            CHECK(back.records[i].offset_bytes == before.offset_bytes);
            CHECK(back.records[i].size_bytes == before.size_bytes);
            CHECK((version == 2 || back.records[i].at == before.at));
        }
    }
}
