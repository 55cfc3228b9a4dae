// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace results {

// How long one stream's accesses took at one number of targets, over all its rounds; a percentile
// with too few samples above it is not measured.
struct CapacityStreamRecord {
    std::string name;
    std::string operation;
    std::uint64_t count = 0;
    std::optional<std::uint64_t> response_ns_p50;
    std::optional<std::uint64_t> response_ns_p99;
    std::optional<std::uint64_t> response_ns_p99_9;
    std::uint64_t response_ns_max = 0;
};

// One number of targets that an array was tried at.
struct CapacityPointRecord {
    double targets = 0;
    std::uint32_t sustained = 0; // Rounds.
    std::uint32_t failed = 0;
    std::uint32_t unclear = 0; // Failed, but the bench or the emulator may have been the reason.
    bool kept = false;         // The point counts as sustained.
    std::string reason;        // Why it does not; of its last round that failed.
    std::optional<std::map<std::string, double>> measures; // "lost_pdus", "seals_late", summed.
    std::optional<std::vector<CapacityStreamRecord>> streams;
};

// How many targets one array sustains under one variant of the platform.
struct CapacityRecord {
    std::string array;
    std::string variant;
    std::string workload; // As the rounds name it.
    bool is_base = true;  // The platform as the plan gives it; other variants cost against it.
    std::string mode;     // "ramp", "bisect"
    double resolution = 0.1;
    bool indicative = true;
    double offered_from = 0; // Least and most targets that the plan asks for.
    double offered_to = 0;
    bool measured = false;      // False: interrupted, or the bench gave out at the first point.
    double targets = 0;         // 0 when measured = not even the least was sustained.
    std::optional<double> low;  // So many were sustained in every round, and ...
    std::optional<double> high; // ... so many in none.
    // Where rounds are as likely to be sustained as not, by bisection only; open where the search
    // ended without meeting an edge there.
    std::optional<double> interval_low;
    std::optional<double> interval_high;
    std::optional<double> confidence; // Of the interval.
    std::string ended_by;             // "array", "plan" (its most was sustained), "bench"
    std::string limited_by;           // "commit delay max", "mediation buffer"
    std::string reason;
    std::optional<double> price_per_target;
    std::string currency;
    std::optional<double> cost_targets; // Of the variant: so many fewer than the base.
    std::optional<double> cost_low;     // Interval of the cost, by bisection, at `confidence`.
    std::optional<double> cost_high;
    std::optional<double> cost_at_least; // Where one of the two searches met no edge.
    std::optional<double> cost_at_most;
    std::vector<CapacityPointRecord> points;
};

// The platform whose load was driven: its day, and what was assumed of it.
struct PlatformRecord {
    std::string workload;
    double targets = 0;
    std::string purpose;
    double start_hour = -1; // Of the calendar; below 0: the stationary busy hour throughout.
    double busy_bytes_per_s = 0;
    double mean_bytes_per_s = 0;
    std::vector<double> voice_bytes_per_s; // By hour of the day.
    std::vector<double> data_bytes_per_s;
    std::map<std::string, std::string> assumptions;
};

} // namespace results
