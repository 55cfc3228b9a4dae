// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <span>
#include <string>
#include <vector>

namespace bench::exchange {

// Which part of a load this host drives: "2/4" is the second of four. Kept in a run's host record
// under "shard"; a merged run carries all of its parts, "1/4+2/4".
inline constexpr const char* shard_key = "shard";

// Puts the parts of one load, driven by several hosts, together: LUNs are the same where their
// identity is, whatever led to them. Histograms and counts add up without loss; an interval's
// percentiles are the highest of any host. Says when the first and the last host was done, what
// each one's CPU and slip were, and what is missing. Merging merged runs gives the same as merging
// all at once. Throws UsageError for parts that do not belong together.
results::RunRecord merge_runs(std::span<const results::RunRecord> runs);

} // namespace bench::exchange
