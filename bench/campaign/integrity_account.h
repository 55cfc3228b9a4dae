// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"
#include "bench/plan/plan.h"
#include "results/run_record.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// What a run tells of each array's data, from the plan and the rounds alone: anyone can draw it
// again.
namespace bench::campaign {

integrity::Verify verify_of(const plan::Plan& plan);
std::uint32_t unit_bytes(const plan::Plan& plan);

// One record per array; nothing where nothing was written or read back.
std::vector<results::IntegrityRecord> integrity_of(const plan::Plan& plan,
                                                   std::span<const results::RoundRecord> rounds);

// What would not have been noticed on this array, one sentence each.
std::vector<std::string> not_detected(const plan::Plan& plan,
                                      std::span<const results::RoundRecord> rounds,
                                      const std::string& array);

// integrity.json: counts, every finding with its place, cut-out and time line, and what could not
// be detected.
std::string integrity_text(const plan::Plan& plan, const results::RunRecord& run);

} // namespace bench::campaign
