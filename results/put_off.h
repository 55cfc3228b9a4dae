// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <map>
#include <string>
#include <string_view>

// What an array put off before it answered: queued unit attentions, BUSY, transitions. It stands
// among a round's measures, under these names.
namespace results {

inline constexpr const char* put_off_attentions = "put_off_attentions";
inline constexpr const char* put_off_times = "put_off_times";
inline constexpr const char* put_off_longest = "put_off_ns_max";

bool is_put_off(std::string_view measure);

// "not ready for 412 ms at most, 3 times; 2 unit attentions"; empty = nothing was put off.
std::string put_off_text(const std::map<std::string, double>& measures);

// Of all rounds of an array together.
std::string put_off_text(const RunRecord& run, const std::string& array);

} // namespace results
