// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/capacity_search.h"
#include "bench/judge/judge.h"
#include "results/run_record.h"

#include <span>
#include <string>
#include <vector>

namespace bench::judge {

// What a load must keep to count as sustained, as the plan stated it before the run.
struct SustainedTerms {
    std::vector<Limit> limits;
    double buffer_s = 10; // A round lasts at least five times this, or proves nothing.
    // What one cycle of commits may gather in the busiest second: a backlog that grows by less is
    // the traffic's own unrest.
    double growth_allowed_bytes_per_target = 0;
    std::uint64_t samples_above_min = 10; // For a percentile; below, the maximum stands for it.
    std::string during{}; // What else the array did: "scrub and backup"; empty = nothing.
};

struct RoundVote {
    Vote vote = Vote::sustained;
    std::string limiting; // "journal FUA p99.9 during scrub", "mediation buffer", "backlog"
    std::string reason;   // A sentence.
};

// The last of these rounds at one number of targets. Sustained: nothing lost, every limit kept
// (percentiles that one round is too short for over all of them together), long enough, and no
// backlog that grows, however large the buffer. A round that was slowed by the bench or by the
// emulator may still prove that a load is sustained; that it is not, only if their lateness cannot
// explain it.
RoundVote vote_of(std::span<const results::RoundRecord* const> rounds, const SustainedTerms& terms);

} // namespace bench::judge
