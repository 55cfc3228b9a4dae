// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What several sinks need to see in a run, computed the same way for each of them.
namespace results::view {

// A load point of a workload, in the order of the run's loads.
struct Load {
    std::string workload;
    std::string point;
    double value = 0;
    auto operator<=>(const Load&) const = default; // NOLINT(modernize-use-nullptr)
};

// Of the search for capacity, which has a section of its own; elsewhere only the most that an array
// sustained is told.
bool is_capacity(const Load& load);
bool is_told(const RunRecord& run, const Load& load);

using Rounds = std::vector<const RoundRecord*>;

std::vector<Load> loads(const RunRecord& run);
std::vector<std::string>
array_names(const RunRecord& run);                        // Also of rounds whose record is missing.
int slot(const RunRecord& run, const std::string& array); // Its place, hence its colour; 0 ..
bool is_valid(const RoundRecord& round);
Rounds rounds_at(const RunRecord& run, const std::string& array, const Load& load);
Rounds valid_only(const Rounds& rounds);
std::vector<std::string> stream_names(const RunRecord& run, const Load& load);

// The rounds' histograms of one stream, or of all streams ("").
Histogram merged(const Rounds& rounds, const std::string& stream, Histogram StreamRecord::*member);

// Means over rounds; 0 without rounds.
double mean_achieved_per_s(const Rounds& rounds);
double mean_bytes_per_s(const Rounds& rounds);

struct Rung {
    double share;
    const char* name;
};
constexpr std::array<Rung, 7> percentile_ladder = {{{0.5, "P50"},
                                                    {0.9, "P90"},
                                                    {0.95, "P95"},
                                                    {0.99, "P99"},
                                                    {0.999, "P99.9"},
                                                    {0.9999, "P99.99"},
                                                    {0.99999, "P99.999"}}};
constexpr std::uint64_t samples_above_min = 10;

// Empty where fewer than samples_above_min lie above it.
std::optional<std::uint64_t> measured(const Histogram& histogram, double share);

bool any_emulated(const RunRecord& run);
bool all_emulated(const RunRecord& run);
bool is_emulated(const RunRecord& run, const std::string& array);

// Of the run and of its rounds, the run's first. `area`: "integrity" or "egress".
std::vector<FindingRecord> findings(const RunRecord& run, const std::string& area);
std::size_t count_findings(const std::vector<FindingRecord>& findings, const std::string& array);

// The most demanding load that every array has a valid round of; else the last with any rounds.
std::optional<Load> common_load(const RunRecord& run);

// Where rounds of one load stand on a load axis, and what that axis counts: what was offered per
// second, in a closed loop what was done, and for points such as "5000 targets" their own number.
struct LoadAxis {
    std::string title;
    std::string unit;
};
LoadAxis load_axis(const RunRecord& run, const std::string& workload);
double load_axis_value(const LoadAxis& axis, const Rounds& rounds);

// The highest load of a workload at which the array did at least 99 % of what was offered, in valid
// rounds. `beyond`: some higher load was offered, and failed.
struct Knee {
    Load load;
    double x = 0; // Its place on the load axis.
    bool beyond = false;
};
std::optional<Knee>
knee(const RunRecord& run, const std::string& array, const std::string& workload);

std::string
name_of(const Load& load); // "national at 4000/s"; "in the whole run" without a workload.

// One comparison of each candidate with its baseline, in their order.
std::vector<const ComparisonRecord*> pairs_compared(const RunRecord& run);
const char* name_of(Outcome outcome); // "pass", "fail", "inconclusive", "not measured"
const char* name_of(Word word);       // "better" ...

} // namespace results::view
