// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_watch_record.h"
#include "bench/campaign/tap_record.h"
#include "bench/judge/exit_code.h"
#include "bench/plan/plan_egress.h"
#include "bench/plan/plan_file.h"
#include "profiles/file_error.h"
#include "profiles/strict_json.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

using namespace bench;
using Catch::Matchers::Contains;
using results::Outcome;

namespace {

plan::Plan shipped_plan() {
    return plan::read_plan(tests::source_dir() + "/profiles/plans/egress-demo.json");
}

plan::PlanEgress reread(const plan::Plan& plan, const std::string& text) {
    return plan::read_plan_egress(
        profiles::JsonDocument::parse(text, "p.json").root().object(),
        plan,
        [](const std::filesystem::path& path, const profiles::JsonValue& /*at*/) {
            return path.lexically_normal().string();
        });
}

results::RunRecord watched_run(const plan::Plan& plan) {
    results::RunRecord out;
    out.complete = true;
    for (const plan::PlanArray& array : plan.arrays) {
        results::EgressRecord record;
        record.array = array.name;
        out.egress.push_back(record);
    }
    return out;
}

results::FindingRecord leak(const std::string& array, const std::string& severity) {
    results::FindingRecord out;
    out.area = "egress";
    out.array = array;
    out.severity = severity;
    return out;
}

int exit_code(const plan::Plan& plan, results::RunRecord run) {
    run.verdicts = campaign::judge_egress(plan, run);
    return judge::exit_code_of(run, false);
}

} // namespace

TEST_CASE("a plan's arrays are held to the policy that they declare or the plan names",
          "[egress]") {
    const plan::Plan plan = shipped_plan();
    REQUIRE(plan.egress);
    CHECK(plan.egress->demand_silence);
    CHECK(plan.egress->policies.at("talking").rules.name == "laboratory array");
    const auto other =
        reread(plan, R"({"policies":{"talking":"../policies/deny-all.json"},"demand":"nothing"})");
    CHECK(other.policies.at("talking").rules.name == "deny all");
    CHECK(other.policies.at("talking-leaking").rules.name == "laboratory array");
    CHECK_FALSE(other.demand_silence);
    CHECK_THROWS_WITH(reread(plan, R"({"policies":{"talkng":"x.json"}})"),
                      Contains("/policies/talkng"));
    CHECK_THROWS_WITH(reread(plan, R"({"demnd":"silence"})"), Contains("demand"));
    plan::Plan silent = plan;
    silent.arrays[0].description.egress_policy.clear();
    CHECK_THROWS_WITH(reread(silent, "{}"), Contains("talking"));
}

TEST_CASE("silence passes, a finding fails, and what was not watched is not measured", "[egress]") {
    const plan::Plan plan = shipped_plan();
    results::RunRecord run = watched_run(plan);
    CHECK(exit_code(plan, run) == judge::exit_passed);

    run.findings = {leak("talking-leaking", "finding")};
    auto verdicts = campaign::judge_egress(plan, run);
    REQUIRE(verdicts.size() == 2);
    CHECK(verdicts[0].outcome == Outcome::pass);
    CHECK(verdicts[1].outcome == Outcome::fail);
    CHECK(exit_code(plan, run) == judge::exit_failed);

    run.findings = {leak("talking-leaking", "note")};
    CHECK(exit_code(plan, run) == judge::exit_passed);

    run.egress[0].not_measured = "1 of 60 one-second intervals: marker frames were lost";
    verdicts = campaign::judge_egress(plan, run);
    CHECK(verdicts[0].outcome == Outcome::not_measured);
    CHECK_THAT(verdicts[0].reason, Contains("marker frames"));
    CHECK(exit_code(plan, run) == judge::exit_no_answer);

    run.egress.clear();
    CHECK(campaign::judge_egress(plan, run)[1].outcome == Outcome::not_measured);
}

TEST_CASE("where silence is not demanded, findings decide nothing", "[egress]") {
    plan::Plan plan = shipped_plan();
    plan.egress->demand_silence = false;
    results::RunRecord run = watched_run(plan);
    run.findings = {leak("talking", "finding")};
    run.egress.clear();
    CHECK(campaign::judge_egress(plan, run).empty());
    CHECK(exit_code(plan, run) == judge::exit_passed);
    plan.egress.reset();
    CHECK(campaign::judge_egress(plan, run).empty());
}

TEST_CASE("a port that no laboratory has is not watched", "[egress]") {
    const plan::Plan plan = shipped_plan();
    results::RunRecord run;
    results::ArrayRecord array;
    array.name = "talking";
    array.ports = {{"data", "data", ""}, {"mgmt", "management", ""}, {"fc", "FC", "lo"}};
    run.arrays = {array};
    campaign::record_ports(plan, true, run);
    CHECK(run.arrays[0].ports[0].watched_by == "laboratory mirror tap0");
    CHECK(run.arrays[0].ports[1].watched_by == "laboratory mirror tap0");
    CHECK(run.arrays[0].ports[2].watched_by.empty());
    campaign::record_ports(plan, false, run);
    CHECK(run.arrays[0].ports[0].watched_by.empty());
}

TEST_CASE("what a tap may have lost is told with its interval, or from which counter alone",
          "[egress]") {
    campaign::TapBook tap;
    tap.interface = "tap7";
    auto record = campaign::tap_record(tap);
    CHECK_FALSE(record.loss_high);
    CHECK_THAT(campaign::tap_sentence(record),
               Contains("tap7") && Contains("kernel's own counter"));

    tap.markers_from = {"eth3"};
    for (std::uint64_t number = 0; number < 100; ++number) {
        tap.markers.sent({number, 0});
        if (number >= 10) {
            CHECK(tap.markers.seen({number, 0}, 0));
        }
    }
    record = campaign::tap_record(tap);
    CHECK(record.markers_sent == 100);
    CHECK(record.markers_lost == 10);
    CHECK(record.loss_low.value() == Approx(0.0490).margin(0.0001));
    CHECK(record.loss_high.value() == Approx(0.1762).margin(0.0001));
    CHECK(record.note.empty());
    CHECK_THAT(campaign::tap_sentence(record),
               Contains("10 of 100") && Contains("from eth3") && Contains("17.6 %"));

    tap.markers_refused = 4;
    CHECK_THAT(campaign::tap_record(tap).note, Contains("eth3 did not take 4"));
    tap.no_markers = "frames to eth3: No such device";
    CHECK_THAT(campaign::tap_record(tap).note, Contains("No such device"));
}

TEST_CASE("no array's tap may send another array's marker frames", "[egress]") {
    plan::Plan plan = shipped_plan();
    plan.arrays[0].description.ports = {{"a", "data", "tap0", "eth3"}};
    plan.arrays[1].description.ports = {{"b", "data", "tap1", "eth3"}};
    CHECK_NOTHROW(reread(plan, "{}"));
    plan.arrays[1].description.ports[0].watched_by = "eth3";
    CHECK_THROWS_WITH(reread(plan, "{}"), Contains("another interface than \"eth3\""));
}
