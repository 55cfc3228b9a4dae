// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/round_merge.h"
#include "results/run_record.h"

#include <span>
#include <string>
#include <vector>

namespace bench::exchange {

inline constexpr const char* shard_key = results::shard_key;

// Puts the parts of one load, driven by several hosts, together: LUNs are the same where their
// identity is, whatever led to them, and rounds where their index is. Histograms and counts add up
// without loss. Says when the first and the last host was done, what each one's CPU and slip were,
// and what is missing. Merging merged runs gives the same as merging all at once. Throws UsageError
// for parts that do not belong together.
results::RunRecord merge_runs(std::span<const results::RunRecord> runs);

} // namespace bench::exchange
