// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/capacity_rounds.h"

#include "bench/campaign/capacity_question.h"
#include "bench/plan/plan_capacity.h"
#include "profiles/random.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

// The same on every array, so that they get the same calls and sessions.
std::uint64_t seed_for(const plan::Plan& plan, const judge::CapacityBook::Trial& trial) {
    constexpr std::uint64_t kept_bits = 53; // JSON readers keep no more.
    const std::uint64_t place = (std::uint64_t{trial.targets} << 20U) + trial.repetition;
    return profiles::mixed(plan.seed ^ profiles::mixed(place)) >> (64 - kept_bits);
}

} // namespace

CapacityRounds::CapacityRounds(const plan::Plan& plan,
                               std::uint32_t first_index,
                               std::uint32_t first_block)
    : plan_(plan)
    , book_(capacity_question(plan))
    , next_index_(first_index)
    , next_block_(first_block) {}

CapacityRound CapacityRounds::round_for(const judge::CapacityBook::Trial& trial) const {
    const plan::CapacityVariant& variant = plan_.capacity->variants[trial.variant];
    CapacityRound out;
    out.index = next_index_;
    out.block = next_block_;
    out.array = trial.array;
    out.trial = trial;
    out.workload = plan::capacity_workload_name(variant);
    out.point = fmt::format("{} targets", trial.targets);
    out.order.pick.of_capacity = true;
    out.order.pick.place = trial.variant;
    out.order.pick.targets = trial.targets;
    out.order.workload = picked(plan_, out.order.pick);
    out.order.round = out.index;
    out.order.seed = seed_for(plan_, trial);
    out.order.ramp = plan_.capacity->ramp;
    out.order.duration = variant.duration;
    out.order.phases = variant.phases;
    out.length = out.order.ramp + out.order.duration;
    return out;
}

void CapacityRounds::run(const Run& run, const Tell& tell, const std::function<bool()>& stop) {
    for (auto trials = book_.next(); !trials.empty(); trials = book_.next()) {
        const bool backwards = (profiles::mixed(plan_.seed + next_block_) & 1U) != 0;
        if (backwards) {
            std::reverse(trials.begin(), trials.end());
        }
        for (const auto& trial : trials) {
            if (stop()) {
                return;
            }
            const CapacityRound round = round_for(trial);
            const std::optional<results::RoundRecord> seen = run(round);
            ++next_index_; // Also of one that did not come about: its record may be there.
            if (!seen) {
                book_.leave_out(trial.array);
                continue;
            }
            if (seen->ended != "complete") {
                return;
            }
            tell(round, book_.tell(*seen));
        }
        ++next_block_;
    }
}

} // namespace bench::campaign
