// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/capacity_record.h"
#include "results/numbers/histogram.h"
#include "results/numbers/paired.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What a run found, as plain values: everything a report prints comes from here and nothing else.
// Written to and read from the run's folder by results/*_file; units stand in the names; times are
// UTC nanoseconds or durations.
namespace results {

enum class Outcome : std::uint8_t { pass, fail, inconclusive, not_measured };

// One class of accesses in one round: "read", "write", "journal". The histograms hold what was
// answered well (`completed`) and what was waited for in vain to the end of the bench's patience
// (timed out, unfinished); how long what was lost had waited stands only beside them.
struct StreamRecord {
    std::string name;
    std::string operation;
    Histogram response_ns; // Due to done: what a user feels.
    Histogram wait_ns;     // Due to submitted.
    Histogram service_ns;  // Submitted to done.
    std::uint64_t completed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t failed = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t lost = 0;
    std::uint64_t unfinished = 0; // Not answered when the bench gave up: at least so long.
    std::map<std::string, std::uint64_t> errors; // Sense or status text -> count.
    // Due to given up, of all that was never answered: at least so long. None: all was answered.
    std::optional<Histogram> unanswered_ns;
};

// One stretch (a second, or as asked) of a round, ramp included and marked.
struct IntervalRecord {
    std::int64_t from_ns = 0; // From the round's start.
    std::int64_t length_ns = 0;
    std::uint64_t due = 0;
    std::uint64_t submitted = 0;
    std::uint64_t completed = 0;
    std::uint64_t errors = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t response_ns_p50 = 0;
    std::uint64_t response_ns_p99 = 0;
    std::uint64_t response_ns_max = 0;
    std::uint64_t outstanding_max = 0;
    std::string phase; // "load", "disturb", ...
    bool ramp = false;
    std::string invalid; // Why this interval does not count; empty = it does.
    // Where the interval is to be put together with other hosts': without it only their
    // percentiles could be compared.
    std::optional<Histogram> response_ns;
};

// Did the bench offer what it was asked to offer, and was anything but the array the bottleneck?
struct AuditRecord {
    double offered_per_s = 0; // Asked; 0 = closed loop.
    double achieved_per_s = 0;
    std::uint64_t scheduled = 0; // The seeded schedule's own count for the window.
    std::uint64_t submitted = 0;
    std::uint64_t completed = 0;
    Histogram slip_ns;                          // When the pump got round to it minus due.
    double lane_cpu_fraction = 0;               // Busiest lane's CPU time / wall time.
    double host_cpu_fraction = 0;               // All CPUs, all processes.
    double cpu_s_per_million = 0;               // This process, per million completed accesses.
    std::uint64_t emulator_lateness_ns_p99 = 0; // 0 for real arrays.
    std::uint64_t emulator_service_ns_p50 = 0;
    std::vector<std::string> invalid; // Reasons; empty = the point is valid.
};

// One host's share in a round that several hosts drove together, so that none of them hides in the
// sums.
struct HostRecord {
    std::uint32_t part = 0;          // 1 .. parts.
    std::uint32_t parts = 0;         // The load was divided by so many.
    std::string host;                // "node7", as it calls itself.
    std::int64_t started_utc_ns = 0; // On the leading host's clock where that was measured ...
    std::int64_t done_utc_ns = 0;    // ... when its last answer was in.
    std::optional<std::int64_t> clock_error_ns; // How far that may be off; none: its own calendar.
    double offered_per_s = 0;
    double achieved_per_s = 0;
    std::uint64_t scheduled = 0;
    std::uint64_t completed = 0;
    std::uint64_t slip_ns_p99 = 0;
    double lane_cpu_fraction = 0;
    double host_cpu_fraction = 0;
    double cpu_s_per_million = 0;
    std::string ended;
    std::vector<std::string> invalid;
};

// A disturbance and what it cost, from due instants.
struct DisturbanceRecord {
    std::string name;
    std::int64_t at_ns = 0; // From the round's start.
    std::optional<std::int64_t> first_error_after_ns;
    std::int64_t stall_ns = 0;                      // Longest gap without a completion.
    std::optional<std::int64_t> recovered_after_ns; // To 95 % of the rate before.
    std::uint64_t late = 0;
    std::uint64_t lost = 0;
    std::string note; // What an operator answered, a hook printed.
};

struct FindingRecord {
    std::string kind;     // "stale", "misdirected", "unlisted flow", "beacon", ...
    std::string severity; // "finding" or "note"
    std::string array;
    std::string phase;
    std::string summary; // One sentence.
    std::map<std::string, std::string>
        details;        // Address, expected, found, test statistic, filter, ...
    std::string cutout; // Hexadecimal dump or file name of a capture cut-out.
    std::int64_t at_utc_ns = 0;
    std::string area; // "integrity", "egress"; empty = integrity.
};

// What was read back from one array and how far that reaches. No record = not measured.
struct IntegrityRecord {
    std::string array;
    std::string verify; // "sample", "full": as the plan asked.
    std::uint64_t units_written = 0;
    std::uint64_t units_checked = 0;
    std::uint64_t units_undecidable = 0; // Unknown outcome, not fenced: neither good nor bad.
    std::string after;                   // "cache-exceeding read", "power cut", ...: what preceded.
    std::string note;
};

// What was captured on one array's ports. No record = not measured. Bytes are summed each on its
// own path: captured = allowed + unlisted + undecoded, or the capture proves nothing.
// A place where an array's traffic was captured, and what of it may have been lost there.
struct TapRecord {
    std::string interface;
    std::string markers_from; // Interface that marker frames were sent on; empty = none were.
    std::uint64_t markers_sent = 0;
    std::uint64_t markers_lost = 0;
    std::optional<double> loss_low; // Share of all frames, 95 %; none without marker frames.
    std::optional<double> loss_high;
    std::uint64_t dropped = 0; // As the kernel counts.
    std::string note;          // Where the above says less than it seems to.
};

struct EgressRecord {
    std::string array;
    std::string phase; // Empty = the whole run.
    std::string captured_by;
    std::int64_t watched_ns = 0;
    std::uint64_t frames = 0;
    std::uint64_t frames_lost = 0;
    std::uint64_t captured_bytes = 0;
    std::uint64_t allowed_bytes = 0;
    std::uint64_t unlisted_bytes = 0;
    std::uint64_t undecoded_bytes = 0;
    std::uint64_t unreadable_bytes = 0; // Allowed, but encrypted or otherwise closed to us.
    std::map<std::string, std::string> smallest_seen; // Detector -> the least it would have found.
    std::string not_measured;                         // Why this says nothing; empty = it does.
    std::optional<std::vector<TapRecord>> taps;       // Of the whole run.
};

// A number of the first screen: "targets sustained".
struct HeadlineRecord {
    std::string name;
    std::string array;
    double value = 0;
    std::string unit; // "ns", "/s", "B/s", "" for counts
    std::optional<double> low;
    std::optional<double> high;
    double confidence = 0.95;
    bool higher_is_better = true;
    std::string note; // "indicative", "limited by journal FUA p99.9 during scrub"
};

// What one of those whom a workload serves lost in a round.
struct LossRecord {
    std::string kind; // "target", "case", "camera"
    std::uint64_t number = 0;
    std::uint64_t units = 0;   // PDUs; of a camera blocks of pictures.
    std::uint64_t seconds = 0; // In which it lost something.
};

// One array measured once at one load point of one workload.
struct RoundRecord {
    std::uint32_t index = 0; // Order of execution within the run.
    std::uint32_t block = 0; // Rounds with the same block and point are a pair across arrays.
    std::string array;
    std::string workload;
    std::string point; // "1000/s", "depth 32", "5000 targets"
    double point_value = 0;
    std::uint64_t seed = 0;
    std::int64_t started_utc_ns = 0;
    std::int64_t ramp_ns = 0;
    std::int64_t duration_ns = 0; // Measured window, ramp excluded.
    std::vector<StreamRecord> streams;
    std::vector<IntervalRecord> intervals;
    AuditRecord audit;
    std::vector<DisturbanceRecord> disturbances;
    std::vector<FindingRecord> findings;
    std::map<std::string, double>
        measures; // Named scalars of a workload: "lost_pdus", "commit_delay_ns_p99", ...
    std::map<std::string, Histogram> histograms;         // Named distributions beyond the streams.
    std::map<std::string, std::uint64_t> path_completed; // Portal -> accesses.
    std::string ended;                                   // As results/round_end.h says it.
    // After a verify phase: what came between the writing and its reading.
    std::optional<std::string> verified_after;
    std::optional<std::vector<LossRecord>> losses; // Who lost most; none: nobody lost anything.
    std::optional<std::int64_t> done_ns;           // The last answer, from the round's start.
    std::optional<std::vector<HostRecord>> hosts;  // None: one host drove it.
};

struct PortRecord {
    std::string name;       // "CTE0.A.H1"
    std::string kind;       // "data", "management", "service processor", "FC"
    std::string watched_by; // Interface or capture file; empty = not watched.
};

struct ArrayRecord {
    std::string name;
    bool emulated = true;
    std::string file;
    std::string url;       // Without secrets.
    std::string transport; // "iSCSI", "NVMe/TCP", ...
    std::string vendor;
    std::string product;
    std::string revision;
    std::string serial;
    std::string unique_id;
    std::uint64_t capacity_bytes = 0;
    std::uint32_t block_bytes = 0;
    std::vector<PortRecord> ports;
    std::map<std::string, std::string>
        settings; // Negotiated keys, host settings, limits: what may differ between the sides.
    std::optional<double> price;
    std::string currency;
};

// One limit of the plan held against one array.
struct VerdictRecord {
    std::string limit; // "journal response p99 <= 5ms"
    std::string array;
    std::string workload;
    std::string point;
    Outcome outcome = Outcome::not_measured;
    double value = 0;
    double bound = 0;
    std::string unit;          // "ns", "/s", "B/s", "" for counts
    std::optional<double> low; // Interval of the value.
    std::optional<double> high;
    double confidence = 0.95;
    std::string reason;
    bool demanded = true; // The plan demanded an answer (exit 7 if there is none).
};

// Two arrays on one metric, over paired rounds.
struct ComparisonRecord {
    std::string metric; // "response p99"
    std::string workload;
    std::string point;
    std::string stream;
    std::string baseline; // Array names.
    std::string candidate;
    double ratio = 1; // candidate / baseline, geometric mean over pairs.
    double low = 1;
    double high = 1;
    double confidence = 0.95;
    double margin = 0.05; // As stated in the plan before the run.
    std::uint32_t pairs = 0;
    double p_value = 1;
    double p_value_holm = 1;
    bool higher_is_better = false;
    bool primary = false;
    Word word = Word::inconclusive;
    double noise_floor = 0; // Half-width of the A-against-A interval on this bench, if known.
};

// What another tool measured of one kind of access, beside what this bench had measured.
struct CrossCheckStream {
    std::string operation; // "read", "write", "unmap"
    double tool_per_s = 0;
    double bench_per_s = 0;
    Histogram tool_service_ns;
    Histogram bench_service_ns;     // Of all complete rounds of the point together.
    std::uint64_t tool_clipped = 0; // Took longer than the tool counts.
};

// One load point of one array, measured once more by another tool after the rounds.
struct CrossCheckRecord {
    std::string array;
    std::string workload;
    std::string point;
    std::string tool; // "fio-3.33"
    std::int64_t duration_ns = 0;
    std::vector<CrossCheckStream> streams;
    std::vector<std::string> reasons; // Why the two may differ, one sentence each.
    std::string not_measured;         // Why there is no answer; empty = there is.
};

struct RunRecord {
    int schema_version = 1;
    std::string id;
    std::string plan_name;
    std::string plan_purpose;
    std::string plan_sha256;
    std::uint64_t seed = 0;
    std::int64_t started_utc_ns = 0;
    std::int64_t finished_utc_ns = 0;
    bool complete = false;
    std::string interrupted;                 // Why it is not complete.
    std::map<std::string, std::string> host; // Kernel, CPU, versions, clock source ...
    std::string command;                     // How to reproduce.
    std::vector<ArrayRecord> arrays;
    std::vector<RoundRecord> rounds;
    std::vector<VerdictRecord> verdicts;
    std::vector<ComparisonRecord> comparisons;
    std::vector<FindingRecord> findings;
    std::vector<std::string> not_seen; // What this run could not have seen, one sentence each.
    std::map<std::string, std::string> self_test; // This build's own proof, if run.
    int exit_code = 0;
    std::vector<HeadlineRecord> headlines; // Empty: the report takes its own from the rounds.
    std::vector<IntegrityRecord> integrity;
    std::vector<EgressRecord> egress;
    std::vector<CapacityRecord> capacity;  // The base variant of every array first.
    std::vector<PlatformRecord> platforms; // Of each platform workload once.
    std::optional<std::vector<CrossCheckRecord>> cross_checks; // None: the plan wanted none.
};

} // namespace results
