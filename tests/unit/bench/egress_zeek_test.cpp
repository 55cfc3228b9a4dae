// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/findings.h"
#include "bench/egress/sinks.h"
#include "bench/egress/zeek_log_file.h"
#include "profiles/file_error.h"
#include "profiles/policy_file.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <fmt/format.h>
#include <sstream>

using namespace bench::egress;

namespace {

constexpr const char* policy_text =
    R"({"$schema":"arraybench/policy/1","name":"t","array_addresses":["192.0.2.130/32"],"rules":[)"
    R"({"name":"time","purpose":"p","protocol":"udp","remotes":["192.0.2.1"],"ports":[123]},)"
    R"({"name":"home","purpose":"p","protocol":"tcp","remotes":["*.example.net"],"ports":[443]}]})";

constexpr const char* conn_header =
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
    "orig_bytes\tresp_bytes\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n";

struct Read {
    explicit Read(const std::string& conn, const std::string& dns = "")
        : policy(profiles::parse_policy(policy_text, "t.json"))
        , analysis(policy, {.dns_log_max = 1000}) {
        std::istringstream connections(conn);
        std::istringstream questions(dns);
        counts = read_zeek(&connections, dns.empty() ? nullptr : &questions, analysis);
        analysis.finish();
        findings = draw_findings(analysis, DetectorSettings{});
    }
    std::size_t count(const std::string& kind) const {
        return static_cast<std::size_t>(
            std::count_if(findings.begin(), findings.end(), [&](const EgressFinding& finding) {
                return finding.kind == kind;
            }));
    }

    CompiledPolicy policy;
    Analysis analysis;
    ZeekCounts counts;
    std::vector<EgressFinding> findings;
};

std::string line(const std::string& ts, const char* to, int port, const char* protocol) {
    return fmt::format("{}\tCx\t192.0.2.130\t40000\t{}\t{}\t{}\t-\t0.5\t100\t200\t3\t220\t2\t300\n",
                       ts,
                       to,
                       port,
                       protocol);
}

} // namespace

TEST_CASE("a conn.log is judged by the policy and its books balance", "[zeek]") {
    const Read read(std::string(conn_header) + line("1700000000.000001", "192.0.2.1", 123, "udp") +
                    line("1700000001.5", "198.51.100.9", 443, "tcp"));
    CHECK(read.counts.connections == 2);
    CHECK(read.counts.bad_lines == 0);
    CHECK(read.count("unlisted flow") == 1);
    CHECK(read.analysis.ledger().balances());
    CHECK(read.analysis.ledger().captured().bytes == 1040);
    CHECK(read.analysis.ledger().allowed().frames == 5);
    CHECK(read.analysis.first_ns() == 1700000000000001000);
}

TEST_CASE("a name that dns.log taught opens a rule for the connection behind it", "[zeek]") {
    const std::string dns =
        R"({"ts":1699999999.5,"uid":"C1","id.orig_h":"192.0.2.130","id.orig_p":5353,"id.resp_h":"192.0.2.1","id.resp_p":53,"proto":"udp","trans_id":7,"query":"Call.Example.net","qtype":1,"rcode":0,"answers":["198.51.100.9"]})"
        "\n";
    const Read read(std::string(conn_header) + line("1700000001.5", "198.51.100.9", 443, "tcp"),
                    dns);
    CHECK(read.counts.questions == 1);
    CHECK(read.count("unlisted flow") == 0);
}

TEST_CASE("a beacon in a conn.log is found, scattered calls are not", "[zeek]") {
    const auto calls = [](bool regular) {
        std::string text = conn_header;
        std::uint64_t state = 7;
        double at = 1700000000;
        for (int i = 0; i < 60; ++i) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            const double chance = static_cast<double>(state >> 11U) / 9007199254740992.0;
            at += regular ? 300 + 10 * chance : -300 * std::log(1 - chance);
            text += line(fmt::format("{:.6f}", at), "198.51.100.9", 8443, "tcp");
        }
        return text;
    };
    CHECK(Read(calls(true)).count("beacon") == 1);
    CHECK(Read(calls(false)).count("beacon") == 0);
}

TEST_CASE("a DNS tunnel in a dns.log is found", "[zeek]") {
    std::string dns = "#separator \\x09\n#unset_field\t-\n"
                      "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_"
                      "id\tquery\tqtype\trcode\tanswers\n";
    for (int i = 0; i < 60; ++i) {
        dns += fmt::format("{}.1\tCx\t192.0.2.130\t40000\t192.0.2.53\t53\tudp\t{}\t{:016x}{:016x}."
                           "t.example.org\t16\t-\t-\n",
                           1700000000 + i,
                           i,
                           i * 7919,
                           i * 104729);
    }
    const Read read(conn_header, dns);
    CHECK(read.count("DNS tunnel") == 1);
}

TEST_CASE("what can be exported can be imported again and says the same", "[zeek]") {
    const Read first(std::string(conn_header) + line("1700000000.25", "192.0.2.1", 123, "udp") +
                     line("1700000001.5", "198.51.100.9", 443, "tcp"));
    const Read second(zeek_conn_log(first.analysis));
    CHECK(second.counts.bad_lines == 0);
    CHECK(second.analysis.ledger().captured() == first.analysis.ledger().captured());
    CHECK(second.analysis.first_ns() == first.analysis.first_ns());
    CHECK(second.findings.size() == first.findings.size());
}

TEST_CASE("no name that was asked for makes a row, a field or an empty one of an exported dns.log",
          "[zeek]") {
    const std::vector<std::string> asked{
        R"(\x1b]0;pwned\x07\x0a1700000001.000000\x09FORGED\x0910.9.9.9.example.com)",
        R"(a\x0d\x0ab.example.com)",
        R"(\x28empty))",
        R"(\x2d)",
        R"(a\x2cb.example.com)",
        R"(back\x5cx0aslash.example.com)",
        R"(\x23fields)",
        R"(\xc2\x9b31m.example.com)"};
    std::string dns = "#separator \\x09\n#unset_field\t-\n#empty_field\t(empty)\n"
                      "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_"
                      "id\tquery\tqtype\trcode\tanswers\n";
    for (std::size_t i = 0; i < asked.size(); ++i) {
        dns += fmt::format("{}.1\tCx\t192.0.2.130\t{}\t192.0.2.53\t53\tudp\t{}\t{}\t16\t-\t-\n",
                           1700000000 + i,
                           40000 + i,
                           i,
                           asked[i]);
    }
    const Read first(conn_header, dns);
    REQUIRE(first.analysis.dns_log().size() == asked.size());
    const std::string out = zeek_dns_log(first.analysis);
    std::istringstream lines(out);
    std::size_t rows = 0;
    for (std::string row; std::getline(lines, row);) {
        INFO(row);
        CHECK(std::all_of(row.begin(), row.end(), [](char letter) {
            return letter == '\t' || (letter >= ' ' && letter < 0x7F);
        }));
        if (row[0] != '#') {
            ++rows;
            CHECK(std::count(row.begin(), row.end(), '\t') == 14);
            CHECK(row.find("\t(empty)\t") == std::string::npos);
        }
    }
    CHECK(rows == asked.size());
    const Read second(conn_header, out); // And they are read as they were asked for.
    REQUIRE(second.analysis.dns_log().size() == asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
        INFO(asked[i]);
        CHECK(second.analysis.dns_log()[i].name == first.analysis.dns_log()[i].name);
    }
}

TEST_CASE("a cut or senseless line is counted, a file that is no log is refused", "[zeek]") {
    const Read read(conn_header + std::string("1700000000.1\tCx\t192.0.2.130\n") +
                    line("yesterday", "192.0.2.1", 123, "udp") + line("1", "nowhere", 1, "udp"));
    CHECK(read.counts.connections == 0);
    CHECK(read.counts.bad_lines == 3);
    CHECK_THROWS_AS(Read("no log\n"), profiles::FileError);
    CHECK_THROWS_AS(Read("#fields\tts\tuid\n1\tC\n"), profiles::FileError);
}
