// SPDX-License-Identifier: Apache-2.0
// Four hosts that never speak drive one plan by a timetable; their runs are merged.
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <fmt/format.h>
#include <memory>

using namespace std::chrono_literals;
using tests::ArrayProcess;
using tests::CampaignPlan;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

constexpr unsigned hosts = 4;

std::string shared_array(const ScratchFolder& folder, const ArrayProcess& array) {
    const std::string path = folder.path() + "/real.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" +
            array.urls().at(0) + R"("], "unique_id": ")" + ArrayProcess::unique_id + "\"}}");
    return path;
}

std::string instant_in(std::chrono::seconds wait) {
    const std::time_t at = std::time(nullptr) + wait.count();
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    char text[32] = {}; // NOLINT(modernize-avoid-c-arrays)
    (void)std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

struct ReadBack {
    int code = -1;
    nlohmann::json answer;
};

ReadBack verify_data(const std::string& run, const std::string& url) {
    const ScratchFolder folder;
    ProgramRun program({"verify-data", run, url, "--format", "json"}, folder.path());
    const int code = program.wait();
    INFO(program.err());
    REQUIRE(program.out().starts_with("{"));
    return {code, nlohmann::json::parse(program.out())};
}

// Every host's part counts, a missing one is told, and what somebody else wrote is found.
void check_read_back(const std::string& run, const std::string& url) {
    const ReadBack whole = verify_data(run, url);
    CHECK(whole.code == 0);
    CHECK(whole.answer.at("complete") == true);
    CHECK(whole.answer.at("parts") == hosts);
    CHECK(whole.answer.at("hosts_missing").empty());
    CHECK(whole.answer.at("finding_count") == 0);
    const std::string third = run + "/expectation-a0.host-3-of-4.bin";
    std::filesystem::rename(third, third + ".away");
    const ReadBack parts = verify_data(run, url);
    CHECK(parts.code == 6);
    CHECK(parts.answer.at("complete") == false);
    CHECK(parts.answer.at("hosts_missing") == nlohmann::json({3}));
    CHECK(parts.answer.at("sectors_checked") < whole.answer.at("sectors_checked"));
    std::filesystem::rename(third + ".away", third);
    const ScratchFolder folder;
    // The third host's quarter of 32 MiB: only its own part knows what must be there.
    ProgramRun other({"load",
                      url,
                      "--rw=write",
                      "--bs=64k",
                      "--offset=20m",
                      "--size=1m",
                      "--runtime=0.3",
                      "--verify=full",
                      "--destroy",
                      ArrayProcess::unique_id},
                     folder.path());
    const int wrote = other.wait();
    INFO(other.err());
    CHECK((wrote == 0 || wrote == 7));
    const ReadBack trodden = verify_data(run, url);
    CHECK(trodden.code == 1);
    CHECK(trodden.answer.at("findings").at(0).at("kind") == "foreign run");
}

std::string refusal(const std::string& plan, std::vector<std::string> more) {
    const ScratchFolder folder;
    more.insert(more.begin(), {"run", plan, "--out", folder.path() + "/run"});
    ProgramRun program(more, folder.path());
    CHECK(program.wait() == 2);
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/run"));
    return program.err();
}

} // namespace

TEST_CASE("four shards of a plan are merged into the run that one host would have made",
          "[merge][campaign]") {
    const ScratchFolder folder;
    const ArrayProcess array;
    const CampaignPlan plan{{shared_array(folder, array)},
                            {"mixed-70-30"},
                            R"(, "ramp": "50ms", "interval": "100ms", "verify": "full",
                    "working_set": "32MiB", "load_points": ["200/s"], "rounds": 2,
                    "duration": "400ms", "preconditioning": {"passes": 1, "time_limit": "20s"},
                    "limits": [{"measure": "errors", "at_most": 0}])"};
    const std::string path = plan.write(folder.path());
    const std::string start = instant_in(20s);
    std::vector<std::unique_ptr<ScratchFolder>> said;
    std::vector<std::unique_ptr<ProgramRun>> parts;
    std::vector<std::string> merge{"merge"};
    for (unsigned i = 1; i <= hosts; ++i) {
        said.push_back(std::make_unique<ScratchFolder>());
        merge.push_back(fmt::format("{}/part{}", folder.path(), i));
        parts.push_back(
            std::make_unique<ProgramRun>(std::vector<std::string>{"run",
                                                                  path,
                                                                  "--shard",
                                                                  fmt::format("{}/{}", i, hosts),
                                                                  "--start-at",
                                                                  start,
                                                                  "--out",
                                                                  merge.back(),
                                                                  "--destroy",
                                                                  ArrayProcess::unique_id},
                                         said.back()->path()));
    }
    for (unsigned i = 0; i < hosts; ++i) {
        const int code = parts[i]->wait();
        INFO(parts[i]->err());
        CHECK(code == 0); // A part's limits are for the parts together.
    }
    const std::string both = folder.path() + "/merged";
    merge.insert(merge.end(), {"--out", both});
    ProgramRun merger(merge, folder.path());
    const int code = merger.wait();
    INFO(merger.out() << merger.err());
    CHECK((code == 0 || code == 7)); // 7: a host too busy to measure on.
    CHECK_THAT(merger.out(), Catch::Contains("4/4 "));
    const auto whole = results::read_run(both);
    CHECK(whole.complete);
    CHECK(whole.verdicts.size() == 1);
    ProgramRun verify({"verify", both}, folder.path());
    const int verified = verify.wait();
    INFO(verify.out());
    CHECK(verified == 0);
    check_read_back(both, array.urls().at(0));
    ProgramRun alone(
        {"run", path, "--out", folder.path() + "/alone", "--destroy", ArrayProcess::unique_id},
        folder.path());
    (void)alone.wait();
    const auto by_one = results::read_rounds(folder.path() + "/alone");
    REQUIRE(whole.rounds.size() == 2);
    REQUIRE(by_one.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(whole.rounds[i].audit.scheduled == by_one[i].audit.scheduled);
        CHECK(whole.rounds[i].hosts.value().size() == hosts);
        CHECK(whole.rounds[i].findings.empty());
        CHECK(whole.rounds[i].measures.at("units_checked") > 0);
        CHECK(whole.rounds[i].ended == "complete");
    }
}

TEST_CASE("a part of a load is driven once, and beside the others", "[merge][lease]") {
    const ScratchFolder folder;
    const ArrayProcess array;
    const std::string start = instant_in(15s);
    const auto words = [&](const char* shard, bool says_when) {
        std::vector<std::string> out{"load",
                                     array.urls().at(0),
                                     "--rw=write",
                                     "--rate_iops=200",
                                     "--runtime=1",
                                     "--progress=none",
                                     "--destroy",
                                     ArrayProcess::unique_id,
                                     "--shard",
                                     shard};
        if (says_when) {
            out.insert(out.end(), {"--start-at", start});
        }
        return out;
    };
    const std::array<ScratchFolder, 4> said;
    ProgramRun unknown(words("1/2", false), said[0].path());
    CHECK(unknown.wait() == 2);
    CHECK_THAT(unknown.err(), Catch::Contains("--start-at"));
    ProgramRun one(words("1/2", true), said[1].path());
    ProgramRun same(words("1/2", true), said[2].path());
    ProgramRun two(words("2/2", true), said[3].path());
    std::vector<int> codes{one.wait(), same.wait()};
    INFO(one.err() << same.err() << two.err());
    CHECK(std::count(codes.begin(), codes.end(), 4) == 1); // Either of the two.
    CHECK_THAT(one.err() + same.err(), Catch::Contains("part 1-of-2 of "));
    const int other = two.wait();
    CHECK((other == 0 || other == 7)); // 7: a busy host.
}

TEST_CASE("a part of a run is driven once, and what is left of the run keeps others out",
          "[merge][lease]") {
    const ScratchFolder folder;
    const ArrayProcess array;
    const CampaignPlan plan{{shared_array(folder, array)},
                            {"mixed-70-30"},
                            R"(, "ramp": "20ms", "interval": "100ms", "verify": "none",
                    "working_set": "16MiB", "load_points": ["100/s"], "rounds": 1,
                    "duration": "300s")"};
    const std::string path = plan.write(folder.path());
    const std::string start = instant_in(600s);
    std::vector<std::unique_ptr<ScratchFolder>> said;
    const auto started = [&](const std::string& shard, const std::string& out) {
        said.push_back(std::make_unique<ScratchFolder>());
        std::vector<std::string> words{
            "run", path, "--out", folder.path() + "/" + out, "--destroy", ArrayProcess::unique_id};
        if (!shard.empty()) {
            words.insert(words.end(), {"--shard", shard, "--start-at", start});
        }
        return std::make_unique<ProgramRun>(words, said.back()->path());
    };
    const auto one = started("1/2", "one");
    REQUIRE(tests::await_note(folder.path() + "/one", "cleared for writing"));
    const auto same = started("1/2", "same");
    CHECK(same->wait() == 4);
    CHECK_THAT(same->err(), Catch::Contains("part 1-of-2 of ") && Catch::Contains("is held by"));
    const auto otherwise = started("2/3", "otherwise"); // It would drive what both others do.
    CHECK(otherwise->wait() == 4);
    CHECK_THAT(otherwise->err(), Catch::Contains("is held by another run"));
    const auto two = started("2/2", "two");
    REQUIRE(tests::await_note(folder.path() + "/two", "cleared for writing"));
    one->signal(SIGKILL);
    (void)one->wait();
    const auto foreign = started("", "foreign"); // The second part still writes.
    CHECK(foreign->wait() == 4);
    CHECK_THAT(foreign->err(), Catch::Contains("is held by another run"));
    const auto again = started("1/2", "again"); // Killed, and so free.
    CHECK(tests::await_note(folder.path() + "/again", "cleared for writing"));
    two->signal(SIGINT);
    again->signal(SIGINT);
    CHECK(two->wait() == 6);
    CHECK(again->wait() == 6);
}

TEST_CASE("what hosts that do not speak cannot drive is refused before anything is made",
          "[merge][campaign]") {
    const ScratchFolder folder;
    const CampaignPlan emulated{{tests::plain_array()},
                                {"mixed-70-30"},
                                R"(, "load_points": ["200/s"], "rounds": 1, "duration": "1s")"};
    const std::string plan = emulated.write(folder.path());
    const std::string later = instant_in(3600s);
    CHECK_THAT(refusal(plan, {"--shard", "1/2", "--start-at", later}), Catch::Contains("emulated"));
    CHECK_THAT(refusal(plan, {"--shard", "1/2"}), Catch::Contains("--start-at"));
    CHECK_THAT(refusal(plan, {"--start-at", later}), Catch::Contains("--shard"));
    CHECK_THAT(refusal(plan, {"--shard", "3/2", "--start-at", later}), Catch::Contains("i/n"));
    CHECK_THAT(refusal(plan, {"--shard", "1/2", "--start-at", "soon"}), Catch::Contains("UTC"));
}
