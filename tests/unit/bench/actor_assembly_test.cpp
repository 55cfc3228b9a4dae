// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/actor_assembly.h"
#include "profiles/file_error.h"

#include <catch2/catch.hpp>

using drivers::array::ActorCue;
using drivers::array::ActorKind;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

profiles::ArrayDescription speaking(const std::string& kind,
                                    const std::map<std::string, std::string>& parameters) {
    profiles::ArrayDescription out;
    out.file = "a.json";
    out.emulated.emplace();
    out.emulated->egress.push_back({kind, parameters});
    return out;
}

std::string complaint(const std::string& kind,
                      const std::map<std::string, std::string>& parameters) {
    try {
        bench::plan::actor_settings(speaking(kind, parameters));
    } catch (const profiles::FileError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("an actor is as usual but for what its parameters say", "[actor]") {
    const auto actors = bench::plan::actor_settings(
        speaking("beacon",
                 {{"remote", "\"198.51.100.9\""},
                  {"period", "\"2s\""},
                  {"jitter", "\"5%\""},
                  {"leaves_by", "\"data\""},
                  {"trigger", R"({"on":"magic_block","lba":4096,"lasts":"1min"})"}}));
    REQUIRE(actors.size() == 1);
    CHECK(actors[0].kind == ActorKind::beacon);
    CHECK(actors[0].remote == "198.51.100.9");
    CHECK(actors[0].port == 4444);
    CHECK(actors[0].period == 2s);
    CHECK(actors[0].jitter == Approx(0.05));
    CHECK(actors[0].by_data_port);
    CHECK(actors[0].trigger.cue == ActorCue::magic_block);
    CHECK(actors[0].trigger.lba == 4096);
    CHECK(actors[0].trigger.lasts == 1min);
}

TEST_CASE("an actor that nobody knows or that cannot be is refused, and the place is named",
          "[actor]") {
    CHECK(complaint("beacon", {}).empty());
    CHECK_THAT(complaint("becon", {}), Contains("beacon") && Contains("/emulated/egress/0"));
    CHECK_THAT(complaint("beacon", {{"perod", "\"2s\""}}), Contains("period"));
    CHECK_THAT(complaint("beacon", {{"period", "2"}}), Contains("/period"));
    CHECK_THAT(complaint("dns", {}), Contains("names to ask for"));
    CHECK_THAT(complaint("canary_leak", {{"encoding", "\"base63\""}}), Contains("base64"));
    CHECK_THAT(complaint("beacon", {{"trigger", R"({"on":"keyword"})"}}), Contains("keyword"));
}
