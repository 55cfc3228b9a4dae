// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_file.h"
#include "profiles/file_error.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <tuple>

using namespace bench;
using namespace std::chrono_literals;

namespace {

// The least a plan can say, with room for changes.
std::string plan_with(const std::string& more,
                      const std::string& head = R"("type": "compare", "rounds": 10)",
                      const std::string& transport = "iscsi",
                      const std::string& array = "oceanstor-6800-v5") {
    const std::string profiles = tests::source_dir() + "/profiles";
    return R"({"$schema": "arraybench/plan/1", )" + head +
           R"(, "arrays": [{"name": "a", "file": ")" + profiles + "/arrays/" + array +
           R"(.json", "transport": ")" + transport + R"("}, {"name": "b", "file": ")" + profiles +
           R"(/arrays/plain.json"}], "workloads": [{"file": ")" + profiles +
           R"(/workloads/mixed-70-30.json"}])" + more + "}";
}

const std::string usual = R"(, "load_points": ["500/s"], "duration": "2s")";

plan::Plan read(const std::string& text) {
    const tests::ScratchFolder folder;
    results::write_whole_file(folder.path() + "/plan.json", text);
    return plan::read_plan(folder.path() + "/plan.json");
}

// What is wrong with it, without the file's name.
std::string complaint(const std::string& text) {
    try {
        (void)read(text);
    } catch (const profiles::FileError& error) {
        const std::string all = error.what();
        const std::size_t at = all.find("plan.json: ");
        return at == std::string::npos ? all : all.substr(at + 11);
    }
    return "";
}

bool holds(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("the demo plan reads, and so does its effective form, to the same plan", "[plan]") {
    const plan::Plan demo = plan::read_plan(tests::source_dir() + "/profiles/plans/demo.json");
    CHECK(demo.name == "demo");
    CHECK(demo.arrays.size() == 3);
    CHECK(demo.arrays[2].transport == "nvme_tcp");
    CHECK(demo.arrays[0].description.identity.vendor == "HUAWEI");
    CHECK(demo.points[0].value == 300);
    CHECK(demo.limits[0].bound == 25e6);
    CHECK(plan::limit_text(demo.limits[0]) == "read response p95 <= 25ms");
    REQUIRE(demo.capacity);
    CHECK(demo.capacity->resolution == Approx(0.1));
    REQUIRE(demo.egress);
    CHECK(demo.egress->demand_silence);
    const std::string text = plan::plan_text(demo, {});
    plan::Plan again = read(text);
    CHECK(plan::plan_text(again, {}) == text);
    CHECK(again.seed == demo.seed);
}

TEST_CASE("load points are rates, depths and shares of a knee", "[plan]") {
    const plan::Plan plan = read(
        plan_with(R"(, "load_points": ["500/s", "depth 16", "50% of knee"], "duration": "2s")"));
    CHECK(plan.points[0].kind == plan::PointKind::rate);
    CHECK(plan.points[1].kind == plan::PointKind::depth);
    CHECK(plan.points[1].value == 16);
    CHECK(plan.points[2].kind == plan::PointKind::knee_share);
    CHECK(plan.points[2].value == Approx(0.5));
    for (const char* wrong : {"0/s", "depth 0", "depth x", "x% of knee", "300% of knee", "fast"}) {
        CHECK(holds(complaint(plan_with(std::string(R"(, "load_points": [")") + wrong +
                                        R"("], "duration": "2s")")),
                    "/load_points/0"));
    }
}

TEST_CASE("a platform's load is counted in targets, and nothing else's is", "[plan]") {
    const std::string profiles = tests::source_dir() + "/profiles";
    const auto with = [&](const std::string& workload, const std::string& point) {
        return R"({"$schema": "arraybench/plan/1", "type": "compare", "rounds": 6,
            "duration": "2s", "arrays": [{"file": ")" +
               profiles + R"(/arrays/plain.json"}], "workloads": [{"file": ")" + profiles +
               "/workloads/" + workload + R"("}], "load_points": [")" + point +
               R"("], "limits": [{"stream": ")" +
               (point.ends_with("targets") ? "journal" : "read") +
               R"(", "measure": "response", "statistic": "p99", "at_most": "5ms"}]})";
    };
    const plan::Plan plan = read(with("platform/national.json", "200 targets"));
    CHECK(plan.points[0].kind == plan::PointKind::targets);
    CHECK(plan.points[0].value == 200);
    CHECK(plan.workloads[0].name == "national");
    CHECK(profiles::is_platform(plan.workloads[0].workload));
    CHECK(plan::writes(plan));
    CHECK(holds(complaint(with("platform/national.json", "200/s")), "targets for the platform"));
    CHECK(holds(complaint(with("mixed-70-30.json", "200 targets")), "has no targets"));
    for (const char* wrong : {"0 targets", "1.5 targets", "x targets", "-3 targets"}) {
        CHECK(holds(complaint(with("platform/national.json", wrong)), "/load_points/0"));
    }
}

TEST_CASE("phases carry disturbances and their durations add up", "[plan]") {
    const plan::Plan plan = read(plan_with(R"(, "load_points": ["500/s"], "phases": [
        {"phase": "load", "duration": "2s"},
        {"phase": "disturb", "duration": "3s", "disturbance": {"name": "stall",
            "parameters": {"duration": "1s"}}},
        {"phase": "settle", "duration": "1s"},
        {"phase": "verify", "duration": "5s"}])"));
    CHECK(plan.duration == 6s);
    CHECK(plan.phases[1].disturbance->parameters == R"({"duration":"1s"})");
    CHECK(holds(complaint(plan_with(R"(, "load_points": ["500/s"], "phases": [
        {"phase": "settle", "duration": "2s"}])")),
                "a phase \"load\" first"));
    CHECK(
        holds(complaint(plan_with(usual + R"(, "phases": [{"phase": "load", "duration": "2s"}])")),
              "no \"duration\" beside \"phases\""));
}

TEST_CASE("a plan's mistakes are told with their place and what was wanted", "[plan]") {
    const std::map<std::string, std::string> wrong{
        {usual + R"(, "ruonds": 3)", "/ruonds: unknown key (did you mean \"rounds\"?)"},
        {R"(, "load_points": ["500/s"], "duration": "2 parsecs")", "/duration: \"2 parsecs\""},
        {R"(, "load_points": ["500/s"])", "the key \"duration\" is missing"},
        {R"(, "load_points": [], "duration": "2s")", "at least one load point"},
        {usual + R"(, "order": "randon")", "did you mean \"random\"?"},
        {usual + R"(, "limits": [{"measure": "response", "statistic": "p99", "at_most": 5}])",
         "/limits/0/at_most: 5: wanted a time with a unit"},
        {usual + R"(, "limits": [{"measure": "response", "statistic": "p101", "at_most": "5ms"}])",
         "/limits/0/statistic"},
        {usual + R"(, "limits": [{"measure": "rate", "at_most": "5/s", "at_least": "5/s"}])",
         "exactly one of"},
        {usual + R"(, "limits": [{"stream": "raed", "measure": "rate", "at_most": "5/s"}])",
         "a \"stream\" of the workloads: read, write"},
        {usual + R"(, "limits": [{"load_point": "7/s", "measure": "rate", "at_most": "5/s"}])",
         "a load point of this plan: 500/s"},
        {usual + R"(, "metrics": [{"measure": "rate", "margin": 0}])", "a margin above 0"},
        {usual + R"(, "lanes": 0)", "/lanes: 0: wanted a whole number"}};
    for (const auto& [more, expected] : wrong) {
        CHECK(holds(complaint(plan_with(more)), expected));
    }
}

TEST_CASE("a 6800 V5 over NVMe/TCP is refused, a missing path too", "[plan]") {
    CHECK(holds(complaint(plan_with(usual, R"("type": "compare", "rounds": 10)", "nvme_tcp")),
                "speaks iSCSI and FC to hosts"));
    CHECK(complaint(plan_with(usual, R"("type": "compare", "rounds": 10)", "nvme_tcp", "plain"))
              .empty());
}

TEST_CASE("a plan takes all of an array's paths, any of them or so many, and says so again",
          "[plan]") {
    const auto with = [](const std::string& paths) {
        std::string out = plan_with(usual);
        const std::string at = R"("transport": "iscsi")";
        return out.insert(out.find(at) + at.size(), R"(, "paths": )" + paths);
    };
    CHECK_FALSE(read(plan_with(usual)).arrays[0].paths);
    for (const auto& [word, count, any] : {std::tuple(R"("any")", 0U, true),
                                           std::tuple(R"("all")", 0U, false),
                                           std::tuple("2", 2U, false)}) {
        INFO(word);
        const plan::Plan plan = read(with(word));
        CHECK(plan.arrays[0].paths == count);
        CHECK(plan.arrays[0].any_paths == any);
        CHECK_FALSE(plan.arrays[1].any_paths);
        const std::string resolved = plan::plan_text(plan, {});
        CHECK(holds(resolved, R"("paths": )" + std::string(word)));
        const plan::Plan again = read(resolved);
        CHECK(again.arrays[0].any_paths == any);
        CHECK(plan::plan_text(again, {}) == resolved);
        const auto remarks = plan::plan_remarks(plan); // The other one is reached by its first URL.
        CHECK(std::any_of(remarks.begin(), remarks.end(), [](const std::string& one) {
            return one.find("not reached over the same number of paths") != std::string::npos;
        }));
    }
    for (const char* wrong : {R"("some")", R"("Any")", "0", "65", "1.5", "true", "[2]"}) {
        INFO(wrong);
        CHECK(holds(complaint(with(wrong)), "/arrays/0/paths"));
    }
}

TEST_CASE("too few rounds are refused or remarked upon", "[plan]") {
    CHECK(holds(complaint(plan_with(usual, R"("type": "a_against_a", "rounds": 5)")),
                "at least 6 rounds"));
    const auto six =
        plan::plan_remarks(read(plan_with(usual, R"("type": "compare", "rounds": 6)")));
    CHECK(holds(six.at(0), "indicative"));
    const auto two =
        plan::plan_remarks(read(plan_with(usual, R"("type": "compare", "rounds": 2)")));
    CHECK(holds(two.at(0), "inconclusive"));
}

TEST_CASE("files that are not there, twice there or no JSON are named", "[plan]") {
    CHECK_THROWS_AS(plan::read_plan("/nonexistent/plan.json"), profiles::FileError);
    CHECK(holds(complaint("{"), "not valid JSON"));
    CHECK(holds(complaint(R"({"$schema": "arraybench/plan/1", "type": "compare", "arrays":
        [{"file": "missing.json"}]})"),
                "missing.json: cannot be read"));
    CHECK(holds(complaint(plan_with(usual, R"("type": "compare", "rounds": 10, "name": "../x")")),
                "a name of letters"));
}
