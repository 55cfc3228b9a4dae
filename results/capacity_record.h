// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace results {

// One number of targets that an array was tried at.
struct CapacityPointRecord {
    double targets = 0;
    std::uint32_t sustained = 0; // Rounds.
    std::uint32_t failed = 0;
    std::uint32_t unclear = 0; // Failed, but the bench or the emulator may have been the reason.
    bool kept = false;         // The point counts as sustained.
    std::string reason;        // Why it does not; of its last round that failed.
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
    std::string ended_by;       // "array", "plan" (its most was sustained), "bench"
    std::string limited_by;     // "commit delay max", "mediation buffer"
    std::string reason;
    std::optional<double> price_per_target;
    std::string currency;
    std::optional<double> cost_targets; // Of the variant: so many fewer than the base.
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
