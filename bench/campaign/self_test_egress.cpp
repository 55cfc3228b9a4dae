// SPDX-License-Identifier: Apache-2.0
// Rows about egress: what each actor of an emulated array says in simulated hours, and what the
// detectors make of it. No sockets: schedules are turned into frames.
#include "bench/campaign/self_test.h"
#include "bench/campaign/simulated_egress.h"

#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

using drivers::array::ActorKind;

struct Expected {
    ActorKind kind;
    const char* finding;
};

// What must be found of each unlawful actor, at least. All of them but those that hide in lawful
// flows are unlisted, too.
constexpr Expected unlawful[] = {{ActorKind::beacon, "beacon"},
                                 {ActorKind::slow_drip, "unlisted flow"},
                                 {ActorKind::burst_after_ingest, "unlisted flow"},
                                 {ActorKind::dns_tunnel, "DNS tunnel"},
                                 {ActorKind::icmp_tunnel, "unlisted flow"},
                                 {ActorKind::hidden_in_call_home, "budget exceeded"},
                                 {ActorKind::canary_leak, "canary"},
                                 {ActorKind::ipv6_side_path, "unlisted flow"},
                                 {ActorKind::data_port_syn, "unlisted flow"}};

} // namespace

std::vector<SelfTestRow> self_test_egress() {
    std::vector<SelfTestRow> out;
    SimulatedEgress lawful;
    lawful.lasts = 24h * 7;
    lawful.seed = 1;
    SelfTestRow silent;
    silent.fault = "egress: lawful actors only, a simulated week";
    silent.found = simulate_egress(lawful).kinds;
    out.push_back(std::move(silent));
    for (const Expected& expected : unlawful) {
        SimulatedEgress scene;
        scene.lasts = 6h;
        scene.seed = 2;
        scene.unlawful = {drivers::array::usual_actor(expected.kind)};
        const EgressSeen seen = simulate_egress(scene);
        SelfTestRow row;
        row.fault = fmt::format("egress: {}", drivers::array::actor_kind_name(expected.kind));
        row.expected = {expected.finding};
        if (seen.kinds.count(expected.finding) != 0) {
            row.found.insert(expected.finding);
        }
        for (const std::string& kind : seen.kinds_of_lawful) {
            row.found.insert("false alarm: " + kind);
        }
        out.push_back(std::move(row));
    }
    return out;
}

} // namespace bench::campaign
