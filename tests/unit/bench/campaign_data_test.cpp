// SPDX-License-Identifier: Apache-2.0
// What a campaign says of the data: over emulated arrays that keep it, lose it, or are cut off.
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using nlohmann::json;
using tests::ArrayProcess;
using tests::CampaignPlan;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

constexpr const char* head = R"(, "ramp": "20ms", "interval": "50ms", "verify": "full",
    "load_points": ["200/s"])";

std::string phases(const std::string& disturbance, const std::string& cache = "") {
    return R"(, "phases": [{"phase": "load", "duration": "400ms"},)" +
           (disturbance.empty() ? ""
                                : R"({"phase": "disturb", "duration": "400ms", "disturbance": )" +
                                      disturbance + "},") +
           R"({"phase": "settle", "duration": "400ms"},
              {"phase": "verify", "duration": "60s")" +
           cache + "}]";
}

struct Ran {
    int code = -1;
    std::string out;
    json integrity;
    std::vector<results::RoundRecord> rounds;
    int verified = -1;
};

Ran run(const std::string& plan, const ScratchFolder& folder) {
    const std::string path = folder.path() + "/run";
    ProgramRun program({"run", plan, "--out", path, "--destroy", ArrayProcess::unique_id},
                       folder.path());
    Ran out;
    out.code = program.wait();
    INFO(program.err());
    out.out = program.out();
    out.integrity = json::parse(results::read_whole_file(path + "/integrity.json"));
    out.rounds = results::read_rounds(path);
    ProgramRun verify({"verify", path}, folder.path());
    out.verified = verify.wait();
    INFO(verify.out());
    CHECK(out.verified == 0);
    return out;
}

std::string emulated(const ScratchFolder& folder, const std::string& more) {
    return ArrayProcess::write_file(folder.path(), more, "64MiB");
}

} // namespace

TEST_CASE("a campaign reads back after its cache could no longer answer, and says so",
          "[campaign][integrity]") {
    const std::string cache =
        R"(, "service": {"cache": {"read_size": "4MiB", "write_size": "1MiB"}})";
    struct Row {
        const char* working_set;
        const char* phase_cache;
        const char* after;
    };
    for (const Row& row : {Row{"16MiB", "", "a cache-exceeding read of 16 MiB"},
                           Row{"2MiB", "", "a cache-exceeding read of 6.25 MiB beside"},
                           Row{"2MiB", R"(, "cache": "1GiB")", "nothing: the whole LUN fits"},
                           Row{"2MiB", R"(, "cache": "0B")", "nothing: the array's cache may"}}) {
        const ScratchFolder folder;
        const CampaignPlan plan{{emulated(folder, cache)},
                                {"mixed-70-30"},
                                head + std::string(R"(, "rounds": 1, "working_set": ")") +
                                    row.working_set + "\"" + phases("", row.phase_cache)};
        const Ran ran = run(plan.write(folder.path()), folder);
        CHECK((ran.code == 0 || ran.code == 7));
        const std::string after = ran.integrity.at("arrays").at(0).at("after");
        CHECK_THAT(after, Catch::StartsWith(row.after));
        CHECK(ran.rounds.at(0).verified_after == after);
        CHECK(ran.integrity.at("arrays").at(0).at("findings").empty());
    }
}

TEST_CASE("lost writes stand in integrity.json with place, cut-out and time line",
          "[campaign][integrity]") {
    const ScratchFolder folder;
    const CampaignPlan plan{{emulated(folder, "")},
                            {"mixed-70-30"},
                            head + std::string(R"(, "rounds": 1, "working_set": "16MiB",
            "preconditioning": {"passes": 1, "time_limit": "60s"})") +
                                phases(R"({"name": "lost_write", "parameters": {"next": 3}})")};
    const Ran ran = run(plan.write(folder.path()), folder);
    CHECK(ran.code == 1);
    CHECK_THAT(ran.out, Catch::Contains("WRONG: stale"));
    const json& array = ran.integrity.at("arrays").at(0);
    REQUIRE(array.at("finding_counts").size() == 1); // Preconditioned: there is no zeroed block.
    CHECK(array.at("finding_counts").at("stale") >= 1);
    CHECK_FALSE(array.at("not_detected").empty());
    for (const json& finding : array.at("findings")) {
        CHECK_FALSE(finding.at("cutout").get<std::string>().empty());
        CHECK_FALSE(finding.at("phase").get<std::string>().empty());
        for (const char* key : {"address_bytes",
                                "expected",
                                "expected_written",
                                "expected_acknowledged",
                                "found",
                                "found_written",
                                "first_seen"}) {
            INFO(key);
            CHECK_FALSE(finding.at("details").at(key).get<std::string>().empty());
        }
    }
}

TEST_CASE("several lanes and workloads share one memory of the data from round to round",
          "[campaign][integrity]") {
    const ScratchFolder folder;
    const CampaignPlan plan{{emulated(folder, "")},
                            {"mixed-70-30", "append-journal", "random-write-4k"},
                            head + std::string(R"(, "rounds": 2, "lanes": 3, "working_set": "48MiB",
                                "preconditioning": {"passes": 1, "time_limit": "60s"})") +
                                phases("")};
    const Ran ran = run(plan.write(folder.path()), folder);
    CHECK((ran.code == 0 || ran.code == 7));
    REQUIRE(ran.rounds.size() == 6);
    for (const auto& round : ran.rounds) {
        CHECK(round.findings.empty());
        CHECK(round.measures.at("verified_bytes") == 48 << 20);
        CHECK(round.measures.at("units_checked") >= 12288 - 16); // All but those across a border.
    }
}

TEST_CASE("a power cut takes what was not flushed, which is legal and said as such",
          "[campaign][integrity]") {
    const ScratchFolder folder;
    const CampaignPlan plan{
        {emulated(folder, R"(, "service": {"cache": {"volatile": true}})")},
        {"mixed-70-30"},
        head + std::string(R"(, "rounds": 1, "working_set": "16MiB")") +
            phases(R"({"name": "power_cut", "parameters": {"transition": "50ms"}})")};
    const Ran ran = run(plan.write(folder.path()), folder);
    const json& array = ran.integrity.at("arrays").at(0);
    CHECK(array.at("after") == "the round's power_cut");
    for (const json& finding : array.at("findings")) {
        CHECK(finding.at("severity") == "note");
        CHECK(finding.at("kind") == "unflushed loss");
    }
}

TEST_CASE("after kill -9 the memory of a foreign array's data goes on, accusing nobody",
          "[campaign][integrity]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    results::write_whole_file(
        folder.path() + "/real.json",
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"cache": "4MiB", "urls": [")" +
            array.urls().at(0) + R"("], "unique_id": ")" + ArrayProcess::unique_id + R"("}})");
    const CampaignPlan plan{{folder.path() + "/real.json"},
                            {"mixed-70-30"},
                            head + std::string(R"(, "rounds": 8, "working_set": "8MiB")") +
                                phases("")};
    const std::string path = folder.path() + "/run";
    ProgramRun program(
        {"run", plan.write(folder.path()), "--out", path, "--destroy", ArrayProcess::unique_id},
        folder.path());
    REQUIRE(tests::await_rounds(path, 3));
    program.signal(SIGKILL);
    CHECK(program.wait() == 128 + SIGKILL);
    ProgramRun again({"run", "--resume", path, "--destroy", ArrayProcess::unique_id},
                     folder.path());
    const int code = again.wait();
    INFO(again.err());
    CHECK((code == 0 || code == 7));
    int read = 0;
    for (const auto& entry : results::read_journal(path + "/events.ndjson").entries) {
        if (entry.kind == "expectation read") {
            ++read;
            CHECK(entry.fields.at("whole") == "no"); // Writes after the last checkpoint.
        }
    }
    CHECK(read == 1);
    for (const auto& round : results::read_rounds(path)) {
        CHECK(round.findings.empty());
    }
    ProgramRun back({"verify-data", path, array.urls().at(2)}, folder.path());
    CHECK(back.wait() == 0);
}
