// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/capacity_question.h"
#include "bench/campaign/outline.h"
#include "bench/plan/plan_capacity.h"
#include "bench/plan/plan_file.h"
#include "profiles/file_error.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <map>

using namespace bench;
using namespace std::chrono_literals;

namespace {

const std::string profiles_folder = tests::source_dir() + "/profiles";
const std::string limit =
    R"({"stream": "commit delay", "measure": "response", "statistic": "max", "at_most": "1s"})";

// A capacity object with some keys replaced.
std::string capacity_with(std::map<std::string, std::string> keys) {
    std::map<std::string, std::string> all{
        {"mode", R"("ramp")"},
        {"workload",
         R"({"file": ")" + profiles_folder + R"(/workloads/platform/national-small.json"})"},
        {"from", R"("100 targets")"},
        {"to", R"("1000 targets")"},
        {"resolution", R"("10%")"},
        {"duration", R"("5s")"},
        {"limits", "[" + limit + "]"}};
    keys.merge(all);
    std::string out;
    for (const auto& [key, value] : keys) {
        if (!value.empty()) {
            out += (out.empty() ? "\"" : ", \"") + key + "\": " + value;
        }
    }
    return "{" + out + "}";
}

plan::Plan read(const std::string& capacity, const std::string& more = "") {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/plan.json";
    results::write_whole_file(path,
                              R"({"$schema": "arraybench/plan/1", "type": "capacity", "arrays":
        [{"name": "a", "file": ")" +
                                  profiles_folder + R"(/arrays/plain.json"}], "capacity": )" +
                                  capacity + more + "}");
    return plan::read_plan(path);
}

std::string complaint(const std::map<std::string, std::string>& keys,
                      const std::string& more = "") {
    try {
        (void)read(capacity_with(keys), more);
    } catch (const profiles::FileError& error) {
        return error.what();
    }
    return "";
}

bool holds(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a capacity plan says what is searched, and reads back to the same", "[capacity]") {
    const plan::Plan plan = read(
        capacity_with({{"variants",
                        R"([{"name": "no-scrub", "scrub": false}, {"name": "failover", "phases":
              [{"phase": "load", "duration": "3s"}, {"phase": "disturb", "duration": "4s",
                "disturbance": {"name": "stall", "parameters": {"duration": "1s"}}}],
              "limits": []}])"},
                       {"at_least", R"("200 targets")"}}));
    REQUIRE(plan.capacity);
    const plan::PlanCapacity& capacity = *plan.capacity;
    CHECK(capacity.from == 100);
    CHECK(capacity.resolution == Approx(0.1));
    CHECK_FALSE(capacity.bisect);
    REQUIRE(capacity.variants.size() == 3);
    CHECK(capacity.variants[0].name == "national-small");
    CHECK(capacity.variants[0].limits.size() == 1);
    CHECK(capacity.variants[2].duration == 7s);
    CHECK(capacity.variants[2].limits.empty());
    CHECK(*capacity.at_least == 200);
    CHECK(plan::writes(plan));
    CHECK(plan::platform_at(capacity.variants[0], 250).scale == Approx(0.05));
    CHECK(plan::platform_at(capacity.variants[0], 250).readers.scrub);
    CHECK_FALSE(plan::platform_at(capacity.variants[1], 250).readers.scrub);

    const tests::ScratchFolder folder;
    const std::string text = plan::plan_text(plan, {});
    results::write_whole_file(folder.path() + "/plan.json", text);
    CHECK(plan::plan_text(plan::read_plan(folder.path() + "/plan.json"), {}) == text);
}

TEST_CASE("a capacity plan's mistakes are told with their place", "[capacity]") {
    CHECK(complaint({}).empty());
    CHECK(holds(complaint({{"mode", R"("rump")"}}), "did you mean \"ramp\""));
    CHECK(holds(complaint({{"from", R"("100/s")"}}), "/capacity/from"));
    CHECK(holds(complaint({{"to", R"("100 targets")"}}), "more targets than \"from\""));
    CHECK(holds(complaint({{"resolution", "0"}}), "at least 0.1 %"));
    CHECK(holds(complaint({{"duration", R"("4s")"}}), "five times its buffer"));
    CHECK(holds(complaint({{"limits", ""}}), "the key \"limits\" is missing"));
    CHECK(holds(complaint({{"rounds", "3"}}), "no \"rounds\" in a ramp"));
    CHECK(complaint({{"rounds", "3"}, {"mode", R"("bisect")"}}).empty());
    CHECK(holds(complaint({{"limits",
                            R"([{"stream": "jornal", "measure": "response", "statistic": "p99",
                                 "at_most": "5ms"}])"}}),
                "did you mean \"journal\""));
    CHECK(holds(
        complaint({{"workload", R"({"file": ")" + profiles_folder + R"(/workloads/oltp.json"})"}}),
        "only a platform has targets"));
    CHECK(holds(complaint({{"variants", R"([{"name": "national-small", "scrub": false}])"}}),
                "taken is national-small"));
    CHECK(holds(complaint({{"variants", R"([{"name": "same"}])"}}), "what is different"));
    CHECK(holds(complaint({{"variants", R"([{"name": "x", "scrbu": true}])"}}), "unknown key"));
    CHECK(holds(complaint({}, R"(, "lanes": 8)"), "each lane needs one"));
    CHECK(holds(complaint({}, R"(, "load_points": ["5 targets"])"), "load_points: unknown key"));
}

TEST_CASE("a plan sizes the mediation buffer of its platforms", "[capacity]") {
    const plan::Plan plan =
        read(capacity_with({{"variants", R"([{"name": "quiet", "scrub": false}])"}}),
             R"(, "buffer": "500ms")");
    for (const plan::CapacityVariant& variant : plan.capacity->variants) {
        CHECK(plan::platform_at(variant, 250).storage.buffer_seconds == Approx(0.5));
    }
    const tests::ScratchFolder folder;
    const std::string text = plan::plan_text(plan, {});
    results::write_whole_file(folder.path() + "/plan.json", text);
    CHECK(plan::plan_text(plan::read_plan(folder.path() + "/plan.json"), {}) == text);
    // Rounds are at least five times as long, whoever says the buffer.
    CHECK(holds(complaint({}, R"(, "buffer": "2s")"), "five times its buffer"));
    CHECK(holds(complaint({{"duration", R"("10s")"}}, R"(, "bufer": "2s")"),
                "did you mean \"buffer\""));
}

TEST_CASE("a comparison may carry a capacity beside it", "[capacity]") {
    const tests::ScratchFolder folder;
    const std::string array = R"({"file": ")" + profiles_folder + R"(/arrays/plain.json"})";
    results::write_whole_file(
        folder.path() + "/plan.json",
        R"({"$schema": "arraybench/plan/1", "type": "compare", "rounds": 6, "duration": "2s",
            "arrays": [)" +
            array + R"(], "workloads": [{"file": ")" + profiles_folder +
            R"(/workloads/platform/national-small.json"}], "load_points": ["100 targets"],
            "capacity": )" +
            capacity_with({}) + "}");
    const plan::Plan plan = plan::read_plan(folder.path() + "/plan.json");
    CHECK(plan.rounds == 6);
    REQUIRE(plan.capacity);
    CHECK(plan::all_workloads(plan).size() == 2);
    CHECK(campaign::platforms_of(plan).size() == 1); // The same file: told once.
    CHECK(campaign::platforms_of(plan)[0].voice_bytes_per_s.size() == 24);
}

TEST_CASE("the length of a search is told before it starts", "[capacity]") {
    for (const char* name :
         {"capacity-demo", "capacity-national", "capacity-small", "national-small"}) {
        const plan::Plan plan = plan::read_plan(profiles_folder + "/plans/" + name + ".json");
        const campaign::Outline outline = campaign::outline_of(plan);
        CHECK(outline.capacity_likely > 0s);
        CHECK(outline.capacity_most >= outline.capacity_likely);
        CHECK(holds(campaign::outline_text(plan, outline), "unless rounds must be repeated"));
        CHECK(holds(campaign::length_text(plan, outline), "length: about "));
        CHECK(holds(campaign::length_text(plan, outline), "of preconditioning"));
    }
    for (const char* name : {"capacity-demo", "national-small"}) {
        const plan::Plan demo = plan::read_plan(profiles_folder + "/plans/" + name + ".json");
        const campaign::Outline outline = campaign::outline_of(demo);
        const auto length =
            outline.duration + outline.capacity_likely + 2 * demo.preconditioning->time_limit;
        CHECK(length <= 165s); // Of three minutes; the rest is starting, draining and repeating.
    }
}
