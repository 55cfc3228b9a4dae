// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/load_coupling.h"
#include "profiles/random.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace bench::egress;

namespace {

constexpr std::int64_t second = 1'000'000'000;

Flow flow_to(const char* remote, std::int32_t rule) {
    Packet packet;
    packet.source = *drivers::wire::parse_ip_address("192.0.2.130");
    packet.destination = *drivers::wire::parse_ip_address(remote);
    packet.source_port = 40000;
    packet.destination_port = 443;
    packet.protocol = drivers::wire::protocol_tcp;
    const KeyedEnd keyed = key_of(packet);
    Flow out;
    out.key = keyed.key;
    out.initiator = keyed.sender == 0 ? Initiator::first_end : Initiator::second_end;
    out.rule = rule;
    return out;
}

struct Scene {
    std::size_t pairs = 12;
    std::uint64_t leak_bytes = 0; // More in each slot under load
    bool drawn = true;
    std::int32_t rule = rule_none;
    std::uint64_t seed = 1;
};

// Two steady talkers with noise of their own in slots of 2 s; the first may follow the load.
std::vector<EgressFinding> found(const Scene& scene, std::string* could = nullptr) {
    LoadCoupling coupling({.redraws = 1999});
    profiles::Random random(scene.seed);
    std::int64_t at = second;
    const auto talk = [&](bool loaded) {
        for (const char* remote : {"203.0.113.1", "203.0.113.2"}) {
            const std::uint64_t leak =
                loaded && std::string(remote) == "203.0.113.1" ? scene.leak_bytes : 0;
            coupling.packet(flow_to(remote, scene.rule),
                            {false, false, 100 + random.below(100) + leak, at});
        }
    };
    for (std::uint32_t pair = 0; pair < scene.pairs; ++pair) {
        const bool loaded_first = scene.drawn && random.chance(0.5);
        for (const bool loaded : {loaded_first, !loaded_first}) {
            if (scene.drawn) {
                coupling.begin_slot(pair, loaded, at);
            }
            talk(loaded);
            at += 2 * second;
            if (scene.drawn) {
                coupling.end_slot(at);
            }
        }
    }
    const CompiledPolicy policy{profiles::Policy{}};
    const Analysis analysis(policy, {});
    std::vector<EgressFinding> out;
    coupling.find(analysis, out);
    if (could != nullptr) {
        *could = coupling.detectable();
    }
    return out;
}

} // namespace

TEST_CASE("what is sent under load and not without is found, and nothing else", "[stimulus]") {
    CHECK(found({}).empty());
    Scene leaking;
    leaking.leak_bytes = 300;
    const auto findings = found(leaking);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == "volume follows load");
    CHECK(findings[0].severity == "finding");
    CHECK_THAT(findings[0].summary, Catch::Contains("203.0.113.1"));
    CHECK(findings[0].details.count("p (Holm, over the family)") == 1);
    leaking.rule = 0; // Declared: telemetry may lawfully follow the load.
    CHECK(found(leaking).at(0).severity == "note");
}

TEST_CASE("with too few pairs nothing is said but that it was not tested", "[stimulus]") {
    Scene few;
    few.pairs = 4;
    few.leak_bytes = 100'000;
    std::string could;
    CHECK(found(few, &could).empty());
    CHECK_THAT(could, Catch::Contains("not tested: 4 pairs"));
    few.drawn = false;
    CHECK(found(few, &could).empty());
    CHECK_THAT(could, Catch::Contains("not tested: 0 pairs"));
    Scene enough;
    CHECK(found(enough, &could).empty());
    CHECK_THAT(could, Catch::Contains("12 pairs of rounds"));
}

TEST_CASE("without a leak the load is blamed no more often than the rate says", "[stimulus]") {
    std::size_t alarms = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Scene quiet;
        quiet.seed = seed;
        alarms += found(quiet).empty() ? 0U : 1U;
    }
    CHECK(alarms <= 21); // 10 expected at 0.05; more than 21 once in a thousand.
}

TEST_CASE("Holm adjusts upwards and in order, and Benjamini-Yekutieli finds no more than "
          "Benjamini-Hochberg",
          "[stimulus]") {
    const std::vector<double> p_values{0.01, 0.04, 0.03, 0.005};
    const auto holm = holm_adjusted(p_values);
    CHECK(holm[3] == Approx(0.02));
    CHECK(holm[0] == Approx(0.03));
    CHECK(holm[2] == Approx(0.06));
    CHECK(holm[1] == Approx(0.06));
    CHECK(benjamini_hochberg(p_values, 0.05) == std::vector<bool>{true, true, true, true});
    CHECK(benjamini_yekutieli(p_values, 0.05) == std::vector<bool>{true, false, false, true});
    CHECK(holm_adjusted({}).empty());
    CHECK(benjamini_yekutieli({}, 0.05).empty());
}
