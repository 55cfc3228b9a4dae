// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/array_description.h"
#include "profiles/kinds/any_workload.h"
#include "profiles/policy.h"
#include "results/metric.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What was asked, checked and complete: once read, a plan does not change.
namespace bench::plan {

using PlanDuration = std::chrono::nanoseconds;

enum class PlanType : std::uint8_t { compare, a_against_a, capacity };
enum class Order : std::uint8_t { random, abba };
enum class HostSettings : std::uint8_t { recommended, uniform };
enum class LeaseKind : std::uint8_t { local, block };
enum class VerifyData : std::uint8_t { none, sample, full };

struct PlanArray {
    std::string name;                // Letters, digits, "-", "_" and ".": part of file names.
    std::string file;                // As found, absolute.
    std::string transport = "iscsi"; // Or "nvme_tcp", "block_device".
    std::uint32_t lun = 0;
    std::optional<std::uint32_t> paths; // So many portals at once, 0 = all; none = the first URL.
    bool any_paths = false; // Of all of them those that can be had; the missing ones are named.
    std::string identity;   // Unique id or serial that may be written to; real arrays.
    profiles::ArrayDescription description;
};

struct PlanWorkload {
    std::string name;
    std::string file;
    profiles::AnyWorkload workload;
};

enum class PointKind : std::uint8_t { rate, depth, knee_share, targets, speed, cameras };

struct LoadPoint {
    PointKind kind = PointKind::rate;
    double value = 0;
    std::string text; // "500/s", "depth 16", "50% of knee", "200 targets", "speed 2", "50 cameras"

    bool operator==(const LoadPoint&) const = default;
};

enum class PhaseKind : std::uint8_t { load, disturb, settle, verify };

struct Disturbance {
    std::string name;       // An emulated array's fault, or the name of a hook or prompt.
    std::string parameters; // JSON object for an emulated array.
    PlanDuration time_limit = std::chrono::minutes(5); // For people and hooks.
};

struct PlanPhase {
    PhaseKind kind = PhaseKind::load;
    PlanDuration duration{0}; // Verify: the most it may take.
    std::optional<Disturbance> disturbance;
    // Verify: read so much first that the array's cache holds nothing of the working set; 0 = do
    // not; none = as much as the array's file says of its cache.
    std::optional<std::uint64_t> cache_bytes;
};

struct PlanLimit {
    results::Metric metric;
    std::string workload; // Empty = every one.
    std::string point;    // Empty = every one.
    bool at_most = true;
    double bound = 0;
    bool demanded = true;

    bool operator==(const PlanLimit&) const = default;
};

struct PlanMetric { // What the arrays are compared by.
    results::Metric metric;
    double margin = 0.05;
    bool primary = false;
};

struct Preconditioning {
    std::uint32_t passes = 1;                          // Over the working set, in sequence.
    PlanDuration time_limit = std::chrono::minutes(5); // Per array; then the load starts anyway.
    PlanDuration steady_round{0}; // Then rounds of this length until steady; 0 = none.
};

// One load point measured once more by another tool, after the rounds.
struct CrossCheck {
    std::string workload;
    std::string point; // As the plan's load point says it.
    PlanDuration duration = std::chrono::seconds(10);
};

struct KneeSearch { // The highest rate of which 99 % is achieved within the bound.
    PlanDuration p99_at_most = std::chrono::milliseconds(20);
    double rate_from_per_s = 100;
    double rate_max_per_s = 1e6;
};

struct PlanEgress { // What the arrays send out is watched, and judged by what each declares.
    struct Policy {
        std::string file;
        profiles::Policy rules;
    };
    std::map<std::string, Policy> policies;        // By array.
    bool demand_silence = true;                    // Else a finding is told and decides nothing.
    PlanDuration before = std::chrono::seconds(2); // Watched without load, before it ...
    PlanDuration after = std::chrono::seconds(2);  // ... and after it.
};

// The platform as it is searched, or with something more or less: scrub, backup, a failover.
struct CapacityVariant {
    std::string name;
    std::string file;
    profiles::interception::PlatformWorkload workload;
    std::map<std::string, bool> switched; // "scrub", "backup", "purge", against the file.
    std::vector<PlanPhase> phases;        // Empty = one load phase.
    PlanDuration duration{0};
    std::vector<PlanLimit> limits; // The capacity's own, unless it names others.
};

// How many targets each array sustains: nothing lost, every limit kept.
struct PlanCapacity {
    bool bisect = false; // Else a stepped ramp, which is indicative.
    double from = 0;     // Targets.
    double to = 0;
    double resolution = 0.1;
    PlanDuration ramp{0};
    PlanDuration duration{0};              // Of a round, measured.
    std::uint32_t rounds = 1;              // Bisect: at each number of targets.
    std::vector<CapacityVariant> variants; // The first is the platform as it is.
    std::optional<double> at_least;        // So many are demanded of every array.
};

struct Plan {
    std::string name;
    std::string purpose;
    std::string file;
    profiles::FilePlace files; // Where those that it names may be.
    PlanType type = PlanType::compare;
    std::uint64_t seed = 1;
    std::vector<PlanArray> arrays; // The first is the baseline.
    std::vector<PlanWorkload> workloads;
    std::vector<LoadPoint> points;
    std::uint32_t rounds = 10;      // Pairs per workload and point.
    std::uint32_t spare_rounds = 0; // At most so many more, for those that do not count.
    Order order = Order::random;
    PlanDuration duration{0}; // Measured, per round; with phases: their sum without verify.
    PlanDuration ramp{0};
    PlanDuration interval = std::chrono::seconds(1);
    std::uint64_t working_set_bytes = 0; // 0 = as the workload says, or the whole LUN.
    std::optional<PlanDuration>
        buffer;               // Mediation buffer of every platform; none = as its file says.
    std::uint32_t lanes = 1;  // Threads, each with a session of its own.
    std::uint32_t depth = 64; // Most accesses in flight per session.
    VerifyData verify = VerifyData::sample;
    std::optional<Preconditioning> preconditioning;
    std::vector<PlanPhase> phases;                            // Empty = one load phase.
    PlanDuration late_after = std::chrono::milliseconds(100); // What disturbed phases call late.
    KneeSearch knee;
    HostSettings host_settings = HostSettings::recommended;
    // By what a LUN is held for one run: among this host's runs, or by a note in its last 64 KiB,
    // which the plan gives up, among all hosts'.
    LeaseKind lease = LeaseKind::local;
    std::vector<PlanLimit> limits;
    std::vector<PlanMetric> metrics;
    std::optional<PlanEgress> egress;      // None: nothing is captured.
    std::optional<PlanCapacity> capacity;  // Beside the comparison, or alone.
    std::optional<CrossCheck> cross_check; // By fio.
};

// Targets are what a platform's load is counted in, speed what a trace's is, and nothing else's.
bool fits(const LoadPoint& point, const profiles::AnyWorkload& workload);

const char* type_name(PlanType type); // As plans write it.

// "read response p99 <= 5ms"
std::string limit_text(const PlanLimit& limit);

bool writes(const Plan& plan); // Any workload, or preconditioning.

// Of the rounds and of the search for capacity.
std::vector<profiles::AnyWorkload> all_workloads(const Plan& plan);

// What is worth saying before the run: too few rounds for a verdict, ...
std::vector<std::string> plan_remarks(const Plan& plan);

} // namespace bench::plan
