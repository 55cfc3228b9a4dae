// SPDX-License-Identifier: Apache-2.0
#include "results/journal_file.h"
#include "results/manifest.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

using namespace results;
namespace fs = std::filesystem;

namespace {

std::string complaint(const std::function<void()>& act) {
    try {
        act();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

void spit(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

RoundRecord sample_round(std::uint32_t index) {
    RoundRecord out;
    out.index = index;
    out.block = 2;
    out.array = "left";
    out.workload = "mixed";
    out.point = "500/s";
    out.point_value = 500;
    out.seed = 0xFFFF'FFFF'FFFF'FFF1ULL;
    out.started_utc_ns = 1'790'000'000'123'456'789;
    out.duration_ns = 2'000'000'000;
    out.ended = "complete";
    StreamRecord stream;
    stream.name = "read";
    stream.operation = "read";
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        stream.response_ns.record(i * 1000);
        stream.service_ns.record(i * 700);
    }
    stream.response_ns.record(2ULL * 3600 * 1'000'000'000); // Overflow.
    stream.completed = 5001;
    stream.errors["MEDIUM ERROR"] = 3;
    out.streams.push_back(stream);
    IntervalRecord interval;
    interval.phase = "load";
    interval.ramp = true;
    interval.invalid = "clock step";
    out.intervals.assign(3, interval);
    DisturbanceRecord disturbance;
    disturbance.name = "stall";
    disturbance.recovered_after_ns = 5;
    out.disturbances.push_back(disturbance);
    out.measures["lost_pdus"] = 12.5;
    out.path_completed["127.0.0.1:3260"] = 5001;
    return out;
}

RunRecord sample_run() {
    RunRecord out;
    out.id = "id";
    out.plan_name = "demo";
    out.seed = 7;
    out.host["kernel"] = "6.1";
    ArrayRecord array;
    array.name = "left";
    array.price = 12.5;
    array.ports.push_back({"CTE0.A.H1", "data", ""});
    out.arrays.push_back(array);
    VerdictRecord verdict;
    verdict.limit = "read response p99 <= 5ms";
    verdict.outcome = Outcome::not_measured;
    verdict.high = 3.5;
    out.verdicts.push_back(verdict);
    ComparisonRecord comparison;
    comparison.word = Word::equivalent;
    out.comparisons.push_back(comparison);
    out.integrity.emplace_back();
    out.egress.emplace_back();
    out.headlines.emplace_back();
    return out;
}

} // namespace

TEST_CASE("a round reads back as it was written, bins and all", "[records]") {
    const RoundRecord round = sample_round(7);
    const std::string text = round_text(round);
    const RoundRecord back = round_from_text(text, "round");
    CHECK(round_text(back) == text);
    CHECK(back.seed == round.seed);
    CHECK(back.started_utc_ns == round.started_utc_ns);
    REQUIRE(back.streams.size() == 1);
    CHECK(back.streams[0].response_ns == round.streams[0].response_ns);
    CHECK(back.streams[0].response_ns.overflow() == 1);
    CHECK(back.disturbances[0].recovered_after_ns == 5);
    CHECK_FALSE(back.disturbances[0].first_error_after_ns);
    CHECK(round_file_name(back) == "rounds/007-left.json");
}

TEST_CASE("a run's folder reads back with its rounds in order", "[records]") {
    const tests::ScratchFolder folder;
    fs::create_directory(folder.path() + "/rounds");
    RunRecord run = sample_run();
    run.rounds = {sample_round(3), sample_round(12)};
    write_round(folder.path(), run.rounds[1]);
    write_round(folder.path(), run.rounds[0]);
    write_result(folder.path(), run);
    const RunRecord back = read_run(folder.path());
    CHECK(result_text(back) == result_text(run));
    CHECK(back.rounds.at(1).index == 12);
    CHECK(back.verdicts.at(0).outcome == Outcome::not_measured);
    CHECK(back.verdicts.at(0).high == 3.5);
    CHECK_FALSE(back.verdicts.at(0).low);
    CHECK(back.comparisons.at(0).word == Word::equivalent);
    CHECK(result_text(run).find("\"not_measured\"") != std::string::npos); // p99.9 of 5001.
}

TEST_CASE("a damaged round is refused with its place", "[records]") {
    const std::string text = round_text(sample_round(1));
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string bad = text;
        const std::size_t at = bad.find(from);
        REQUIRE(at != std::string::npos);
        bad.replace(at, from.size(), to);
        return complaint([&] { (void)round_from_text(bad, "r.json"); });
    };
    CHECK(with("\"block\":2", "\"block\":-2") == "r.json: /block: -2: wrong type or out of range");
    CHECK(with("\"block\":2,", "") == "r.json: /block: missing");
    CHECK(with("\"block\":2", "\"block\":2,\"blok\":2") == "r.json: /blok: unknown key");
    CHECK(
        with("\"count\":5001", "\"count\":5002").find("/streams/0/response_ns: not a histogram") !=
        std::string::npos);
    CHECK(with("\"seed\":\"", "\"seed\":\"x") == "r.json: /seed: wanted a whole number as text");
    CHECK(with("arraybench", "{").empty()); // The schema's name is not the reader's business.
    CHECK(complaint([&] { (void)round_from_text("[", "r.json"); }).find("not valid JSON") !=
          std::string::npos);
}

TEST_CASE("a result from a later program is refused, not half understood", "[records]") {
    const tests::ScratchFolder folder;
    RunRecord run = sample_run();
    run.schema_version = schema_version_known + 1;
    write_result(folder.path(), run);
    CHECK(complaint([&] { (void)read_run(folder.path()); }).find("reads up to") !=
          std::string::npos);
}

TEST_CASE("two results are compared place by place", "[records]") {
    RunRecord run = sample_run();
    const std::string before = result_text(run);
    CHECK(result_differences(before, before).empty());
    run.verdicts[0].value = 4;
    const auto found = result_differences(before, result_text(run));
    REQUIRE(found.size() == 1);
    CHECK(found[0] == "/verdicts/0/value: stored 0.0, recomputed 4.0");
}

TEST_CASE("a journal is read back, goes on, and shows any change", "[records]") {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/events.ndjson";
    {
        JournalWriter writer(path);
        writer.append("start", {{"plan", "demo"}}, {10, 1});
        writer.append("round finished", {{"index", "0"}}, {20, 2});
    }
    {
        JournalWriter writer(path);
        CHECK(writer.found().size() == 2);
        writer.append("end", {}, {30, 3});
    }
    const Journal journal = read_journal(path);
    REQUIRE(journal.entries.size() == 3);
    CHECK(journal.entries[1].fields.at("index") == "0");
    CHECK(journal.entries[2].at.realtime_ns == 30);
    CHECK_FALSE(journal.torn);

    const std::string whole = read_whole_file(path);
    const std::size_t second = whole.find('\n') + 1;
    const std::size_t third = whole.find('\n', second) + 1;
    spit(path, whole.substr(0, second) + whole.substr(third)); // A line taken out.
    CHECK(complaint([&] { (void)read_journal(path); }).find("line 2: entry 2; wanted entry 1") !=
          std::string::npos);
    std::string altered = whole;
    altered[altered.find("demo")] = 'D';
    spit(path, altered);
    CHECK(complaint([&] { (void)read_journal(path); }).find("line 1: the hash chain breaks") !=
          std::string::npos);
    std::string spaced = whole;
    spaced.insert(second + 1, " ");
    spit(path, spaced);
    CHECK(complaint([&] { (void)read_journal(path); }).find("line 2: the hash chain") !=
          std::string::npos);
}

TEST_CASE("a torn last line is cut off and the chain goes on", "[records]") {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/events.ndjson";
    {
        JournalWriter writer(path);
        writer.append("start", {}, {});
        writer.append("round finished", {}, {});
    }
    const std::string whole = read_whole_file(path);
    for (std::size_t kept = whole.find('\n') + 2; kept < whole.size(); kept += 37) {
        spit(path, whole.substr(0, kept));
        CHECK(read_journal(path).torn);
        JournalWriter writer(path);
        CHECK(writer.found().size() == 1);
        writer.append("again", {}, {});
        CHECK(read_journal(path).entries.size() == 2);
    }
}

TEST_CASE("the manifest finds altered, missing and added files", "[records]") {
    const tests::ScratchFolder folder;
    const std::string& root = folder.path();
    fs::create_directory(root + "/rounds");
    spit(root + "/plan.json", "{}");
    spit(root + "/rounds/000-a.json", "round");
    write_manifest(root);
    CHECK(manifest_problems(root).empty());
    spit(root + "/plan.json", "{ }");
    fs::rename(root + "/rounds/000-a.json", root + "/rounds/001-a.json");
    CHECK(manifest_problems(root) ==
          std::vector<std::string>{"plan.json: altered since the manifest was written",
                                   "rounds/000-a.json: listed in SHA256SUMS but missing",
                                   "rounds/001-a.json: not listed in SHA256SUMS"});
}

namespace {

// As a full disk: this process can make no file longer than that.
class SmallFiles {
public:
    explicit SmallFiles(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        signal_ = ::signal(SIGXFSZ, SIG_IGN);
    }
    ~SmallFiles() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, signal_);
    }
    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;

private:
    rlimit before_{};
    void (*signal_)(int) = nullptr;
};

} // namespace

TEST_CASE("what cannot be written says so and leaves no half file", "[records]") {
    CHECK_THROWS_AS(write_whole_file("/nonexistent/x", "text"), WriteError);
    CHECK_THROWS_AS(JournalWriter("/nonexistent/events.ndjson"), WriteError);
    const tests::ScratchFolder folder;
    {
        const SmallFiles small(1000);
        CHECK(complaint([&] {
                  write_whole_file(folder.path() + "/x", std::string(2000, 'x'));
              }).find("File too large") != std::string::npos);
    }
    CHECK(fs::is_empty(folder.path())); // Not even what was begun beside it.
    CHECK_THROWS_AS(read_whole_file("/nonexistent/x"), RecordError);
    CHECK_THROWS_AS(read_whole_file("/"), RecordError);
}

TEST_CASE("SHA-256 is the one everybody computes", "[records]") {
    CHECK(sha256_hex("abc") ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180-4 B.1
}
