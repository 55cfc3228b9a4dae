// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <optional>
#include <string>

namespace results {

// Which part of a load a host drove: "2/4" is the second of four. Kept in a run's host record under
// this key; a merged run carries all of its parts, "1/4+2/4", and says that it is merged.
inline constexpr const char* shard_key = "shard";
inline constexpr const char* merged_key = "merged";

// Who drove a part of a round.
struct RoundPart {
    std::uint32_t part = 1;
    std::uint32_t parts = 1;
    std::string host;
    std::optional<std::int64_t> clock_error_ns{};
};

// Writes the round's one host into it, before it is lost in the sums.
void name_part(RoundRecord& round, const RoundPart& part);

// Adds another part of the same round. Histograms and counts are as if all samples had been
// recorded once; an interval's percentiles too where both sides carry its histogram, else they are
// the highest of any part. Whatever order and grouping the parts are merged in, the result is the
// same.
void merge_round(const RoundRecord& from, RoundRecord& into);

} // namespace results
