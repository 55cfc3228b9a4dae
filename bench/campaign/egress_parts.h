// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "results/journal_file.h"
#include "results/run_record.h"

#include <string>
#include <vector>

namespace bench::campaign {

// What the parts of an interrupted run have left of what they captured.
struct EarlierEgress {
    std::vector<results::EgressRecord> records;
    std::vector<results::FindingRecord> findings; // Of area "egress"
    std::size_t lost_parts = 0;                   // Ended without a word: their captures are gone.
    std::vector<std::int64_t> gaps_from_utc_ns;   // From here to the next part nobody watched.
};

// From the journal, and from result.json where a part was able to write it.
EarlierEgress read_earlier_egress(const std::vector<results::JournalEntry>& journal,
                                  const std::string& folder);

// Adds the earlier parts to what the last one has recorded in `run`. A real array that was left
// unwatched in between, and any part that was lost, make the whole "not measured"; an emulated
// array does not outlive its part.
void join_earlier_egress(const EarlierEgress& earlier,
                         const plan::Plan& plan,
                         results::RunRecord& run);

} // namespace bench::campaign
