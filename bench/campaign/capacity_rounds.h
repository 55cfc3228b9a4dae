// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/round_runner.h"
#include "bench/judge/capacity.h"
#include "bench/plan/plan.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace bench::campaign {

// One round of the search for capacity, as it is to be run or is found among what was.
struct CapacityRound {
    std::uint32_t index = 0;
    std::uint32_t block = 0; // The arrays' rounds of one step of the search.
    std::size_t array = 0;
    judge::CapacityBook::Trial trial;
    LoadOrder order;
    std::string workload;
    std::string point; // "340 targets"
    drivers::Duration length{0};
};

// Runs the rounds that the search asks for, step by step, every array that is still searched once
// per step in an order that the plan's seed decides. What the search asks depends on nothing but
// earlier rounds, so a resumed run asks for the same ones again and finds them done.
class CapacityRounds {
public:
    // Runs a round, or returns the one that is done; throws what ends the run. None: its array is
    // left out from here on, and the search goes on with the others.
    using Run = std::function<std::optional<results::RoundRecord>(const CapacityRound&)>;
    using Tell = std::function<void(const CapacityRound&, const judge::RoundVote&)>;

    // Indices go on from `first_index`, blocks from `first_block`.
    CapacityRounds(const plan::Plan& plan, std::uint32_t first_index, std::uint32_t first_block);

    // Until everything is found, or `stop` says so before a round.
    void run(const Run& run, const Tell& tell, const std::function<bool()>& stop);

private:
    CapacityRound round_for(const judge::CapacityBook::Trial& trial) const;

    const plan::Plan& plan_;
    judge::CapacityBook book_;
    std::uint32_t next_index_;
    std::uint32_t next_block_;
};

} // namespace bench::campaign
