// SPDX-License-Identifier: Apache-2.0
// Several portals at once: a campaign over them survives a controller, and says how it is a host.
#include "bench/campaign/array_paths.h"
#include "drivers/api/errors.h"
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>

using namespace bench;
using namespace std::chrono_literals;
using tests::ArrayProcess;
using tests::CampaignPlan;
using tests::ProgramRun;
using tests::ScratchFolder;

TEST_CASE("a failover costs a stall and nothing else over all paths, for either transport",
          "[campaign][multipath]") {
    for (const char* transport : {"iscsi", "nvme_tcp"}) {
        INFO(transport);
        const ScratchFolder folder;
        const CampaignPlan plan{
            {ArrayProcess::write_file(folder.path(), "", "64MiB")},
            {"mixed-70-30"},
            R"(, "ramp": "50ms", "interval": "50ms", "verify": "full", "rounds": 1,
               "load_points": ["300/s"], "working_set": "16MiB", "phases": [
               {"phase": "load", "duration": "700ms"},
               {"phase": "disturb", "duration": "1500ms", "disturbance": {"name": "failover",
                   "parameters": {"controller": 0, "transition": "200ms"}}},
               {"phase": "settle", "duration": "800ms"},
               {"phase": "verify", "duration": "60s"}])",
            R"(, "paths": "all", "transport": ")" + std::string(transport) + "\""};
        const std::string run = folder.path() + "/run";
        ProgramRun program({"run", plan.write(folder.path()), "--out", run}, folder.path());
        const int code = program.wait();
        INFO(program.out() << program.err());
        CHECK((code == 0 || code == 7)); // 7: a host too busy to measure on.
        const results::RunRecord record = results::read_run(run);
        CHECK(record.arrays.at(0).settings.at("paths") == "2");
        REQUIRE(record.rounds.size() == 1);
        const results::RoundRecord& round = record.rounds[0];
        CHECK(round.findings.empty());
        CHECK(round.verified_after == "the round's failover");
        REQUIRE(round.disturbances.size() == 1);
        CHECK(round.disturbances[0].lost == 0);
        CHECK_FALSE(round.disturbances[0].first_error_after_ns);
        CHECK(round.disturbances[0].recovered_after_ns);
        REQUIRE(round.path_completed.size() == 2);
        for (const auto& [portal, count] : round.path_completed) {
            INFO(portal);
            CHECK(count > 50);
        }
        for (const auto& stream : round.streams) {
            CHECK(stream.lost + stream.failed + stream.timed_out == 0);
        }
    }
}

TEST_CASE("paths are those of the asked transport, as many as asked", "[multipath]") {
    plan::PlanArray array;
    array.name = "a";
    const std::vector<std::string> urls = {"nvme+tcp://h:1/nqn.2026-01.x:a/1",
                                           "iscsi://h:1/iqn.2026-01.x:a/0",
                                           "iscsi://h:2,h:3/iqn.2026-01.x:a/0"};
    CHECK(campaign::chosen_paths(urls, array).size() == 1);
    array.paths = 0;
    const auto all = campaign::chosen_paths(urls, array);
    REQUIRE(all.size() == 3);
    CHECK(all[2].portals.size() == 1);
    CHECK(all[2].portals[0].port == 3);
    array.paths = 2;
    CHECK(campaign::chosen_paths(urls, array).size() == 2);
    array.paths = 4;
    CHECK_THROWS_AS(campaign::chosen_paths(urls, array), drivers::ArrayError);
    array.transport = "nvme_tcp";
    array.paths = 1;
    CHECK(campaign::chosen_paths(urls, array).size() == 1);
}

TEST_CASE("recommended host settings take effect where they mean something, uniform ones nowhere",
          "[multipath]") {
    plan::Plan plan;
    plan::PlanArray array;
    array.description.host_settings = {
        {"no_path_retry", "12"}, {"priority", "alua"}, {"fast_io_fail", "10"}};
    std::map<std::string, std::string> said;
    CHECK(campaign::host_options(plan, array, said).reconnect_timeout == 60s);
    CHECK(said.at("host settings") == "recommended");
    CHECK(said.at("vendor recommends no_path_retry") == "12 (applied)");
    CHECK(said.at("vendor recommends priority") == "alua (as the bench does)");
    CHECK_THAT(said.at("vendor recommends fast_io_fail"), Catch::Contains("not applied"));
    array.description.host_settings["no_path_retry"] = "3";
    CHECK(campaign::host_options(plan, array, said).reconnect_timeout == 15s);
    CHECK_FALSE(campaign::host_options(plan, array, said).any_path);
    array.description.host_settings["path_policy"] = "multibus";
    CHECK(campaign::host_options(plan, array, said).any_path);
    CHECK(said.at("host path policy") == "round-robin over all paths");
    plan.host_settings = plan::HostSettings::uniform;
    CHECK_FALSE(campaign::host_options(plan, array, said).any_path);
    CHECK(campaign::host_options(plan, array, said).reconnect_timeout ==
          plan::DriverOptions{}.reconnect_timeout);
    CHECK(said.at("host settings") == "uniform");
    CHECK_THAT(said.at("vendor recommends no_path_retry"), Catch::Contains("not applied"));
}

TEST_CASE("runs with recommended and with uniform host settings stand beside each other",
          "[campaign][multipath]") {
    const ScratchFolder folder;
    std::vector<std::string> runs;
    for (const char* settings : {"recommended", "uniform"}) {
        runs.push_back(folder.path() + "/" + settings);
        const CampaignPlan plan{{tests::plain_array()},
                                {"mixed-70-30"},
                                R"(, "rounds": 1, "load_points": ["200/s"], "duration": "300ms",
                                   "working_set": "8MiB", "host_settings": ")" +
                                    std::string(settings) + "\""};
        ProgramRun program({"run", plan.write(folder.path()), "--out", runs.back()}, folder.path());
        const int code = program.wait();
        INFO(program.err());
        CHECK((code == 0 || code == 7));
    }
    ProgramRun compare({"compare", runs[0], runs[1]}, folder.path());
    CHECK(compare.wait() == 0);
    CHECK_THAT(
        compare.out(),
        Catch::Contains("host settings differ: a0@recommended recommended, a0@uniform uniform"));
}
