// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/findings.h"
#include "drivers/array/actor/actor_schedule.h"
#include "profiles/policy.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bench::campaign {

// What an emulated array's actors say in simulated time, as frames at a tap. The lawful ones always
// speak; a host writes data with canaries all the while.
struct SimulatedEgress {
    drivers::Duration lasts{std::chrono::hours(1)};
    std::uint64_t seed = 1;
    std::vector<drivers::array::ActorSettings> unlawful;
    std::optional<profiles::Policy> policy; // None: the lawful actors' own declaration.
    std::string call_home = "call-home.example.net";
    bool rules_for_all = false; // Allows whatever the unlawful say: only detectors are left to see.
};

struct EgressSeen {
    std::set<std::string> kinds;           // Of all findings, notes left out
    std::set<std::string> kinds_of_lawful; // Of those that blame a lawful flow
    std::uint64_t unlawful_bytes = 0;      // Payload
    std::uint64_t frames = 0;
    bool books_balance = false;
};

EgressSeen simulate_egress(const SimulatedEgress& scene);

} // namespace bench::campaign
