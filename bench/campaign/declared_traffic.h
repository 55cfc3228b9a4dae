// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/simulated_tap.h"
#include "drivers/array/actor/actor_schedule.h"
#include "profiles/policy.h"

#include <functional>
#include <optional>
#include <vector>

namespace bench::campaign {

// The flows that a policy declares, each at a lawful pace: what an array and its neighbours say in
// simulated time if they keep to it.
class DeclaredTraffic {
public:
    DeclaredTraffic(const profiles::Policy& policy, std::uint64_t seed);

    drivers::Duration next_due() const; // max: the policy declares nothing.
    void speak(SimulatedTap& tap);      // What is due at next_due().

    // Whether a rule's flows come without any period, so that one found in them is none.
    bool is_memoryless(const std::string& rule) const;

private:
    struct Habit { // Of a neighbour, or of the link.
        drivers::Duration mean{0};
        double jitter = 0; // Share of the mean, either way; above 1: no memory.
        std::function<void(SimulatedTap&, drivers::Duration)> act;
        drivers::array::Random random;
        drivers::Duration next{0};
    };

    void add_rule(const profiles::PolicyRule& rule,
                  const std::vector<std::string>& dns_names,
                  std::uint64_t seed);
    void add_outward(const profiles::PolicyRule& rule,
                     const std::vector<std::string>& dns_names,
                     std::uint64_t seed);
    void add_inward(const profiles::PolicyRule& rule, std::uint64_t seed);
    void add_habit(drivers::Duration mean,
                   double jitter,
                   std::uint64_t seed,
                   std::function<void(SimulatedTap&, drivers::Duration)> act);
    static drivers::Duration gap(Habit& habit);

    std::vector<drivers::array::ActorSchedule> actors_;
    std::vector<Habit> habits_;
    std::vector<std::string> memoryless_;
};

} // namespace bench::campaign
