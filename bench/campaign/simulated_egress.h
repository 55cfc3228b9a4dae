// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/findings.h"
#include "bench/egress/stimulus.h"
#include "drivers/array/actor/actor_schedule.h"
#include "profiles/policy.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bench::campaign {

// By the simulated host, while it writes.
constexpr std::uint64_t written_per_minute_bytes = 64U << 20U;

// In pairs of such slots from the beginning of simulated time to its end, the coin of the seed says
// which slot of each pair gets the stimulus.
egress::Stimulus stimulus_by_coin(std::string arm,
                                  drivers::Duration slot,
                                  drivers::Duration lasts,
                                  std::uint64_t seed);

// Something that happens to a simulated array: told to its actors, and a phase of its own.
struct Happening {
    drivers::Duration at{0};
    drivers::array::ActorNews::Kind kind = drivers::array::ActorNews::Kind::written;
    std::uint64_t lba = 0; // Written there ...
    std::string text;      // ... this.
    std::string phase;     // Begins now; empty = none does.
};

// What an emulated array's actors say in simulated time, as frames at a tap. The lawful ones always
// speak; a host writes data with canaries all the while.
struct SimulatedEgress {
    drivers::Duration lasts{std::chrono::hours(1)};
    std::uint64_t seed = 1;
    std::vector<drivers::array::ActorSettings> unlawful;
    bool rules_for_all = false; // Allows whatever the unlawful say: only detectors are left to see.
    bool load_by_coin = false;  // Writes in one slot of each pair, as a coin says; else always.
    bool in_clear = false; // Actors see what is written; else they have only what looks encrypted.
    std::vector<Happening> happenings; // In the order of their instants
};

struct EgressSeen {
    std::vector<egress::EgressFinding> findings; // Notes among them
    std::vector<std::string> detectable;
    std::set<std::string> kinds;           // Of all findings, notes left out
    std::set<std::string> kinds_of_lawful; // Of those that blame a lawful flow
    std::uint64_t unlawful_bytes = 0;      // Payload
    std::uint64_t unlawful_messages = 0;
    std::uint64_t frames = 0;
    bool books_balance = false;
};

EgressSeen simulate_egress(const SimulatedEgress& scene);

// Whether a finding is about what this unlawful actor did; call-homes that hide something are.
bool is_about(const egress::EgressFinding& finding, const drivers::array::ActorSettings& actor);

} // namespace bench::campaign
