// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drivers::fio {

// fio's output says something that cannot be believed, or nothing; names the place.
struct ResultError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// fio's longest bucket ends here (29 groups of 64); what took longer is counted in it.
inline constexpr std::uint64_t clip_ns = 17'179'869'184;
// ... and begins here: its last group's buckets are 2^27 ns wide.
inline constexpr std::uint64_t last_bucket_ns = clip_ns - (1ULL << 27U);

struct Latency {
    std::uint64_t count = 0;
    std::uint64_t min_ns = 0;
    std::uint64_t max_ns = 0;
    std::optional<double> mean_ns; // None: not said.
    // json+ only: the middles of non-empty buckets (within 0.78 %) and their counts, ascending.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bins;
    // Plain json: percent and value.
    std::map<double, std::uint64_t> percentiles;
    std::optional<double> stddev_ns = std::nullopt;
    bool tells_count = false;   // Else it is reckoned, as of versions that do not write it.
    std::uint64_t grain_ns = 1; // Its minimum, maximum and percentiles are cut down to these.

    bool operator==(const Latency& other) const = default;
    std::uint64_t clipped() const; // Samples of which only "at least so long" is known.
};

inline constexpr unsigned told_ns = 1U << 8U;

struct Direction { // Reads, writes or trims of one job.
    std::uint64_t total_ios = 0;
    std::uint64_t short_ios = 0;
    std::uint64_t drop_ios = 0;
    std::uint64_t io_bytes = 0;
    std::uint64_t runtime_ms = 0;
    double iops = 0;
    std::optional<std::uint64_t> io_kib; // io_bytes once more; none = not said, as those below.
    std::optional<std::uint64_t> bytes_per_s;
    std::optional<std::uint64_t> kib_per_s;
    unsigned told = 0;   // Which of the counts above the file has: a bit each.
    bool is_old = false; // As fio 2 wrote it: KiB and microseconds. parse_result mends that.
    bool rounds_coarsely = false;  // Its iops, to two digits behind the point or to none.
    std::uint64_t bytes_grain = 1; // io_bytes is cut down to these.
    Latency submission; // "slat_ns": until the kernel had it; of engines that do not wait.
    Latency total;      // "lat_ns": from submission to answer.
    Latency completion; // "clat_ns": from when the kernel had it.
};

// Also of jobs that are done: fio's estimate is made before they are.
inline constexpr std::uint64_t eta_unknown = 2'147'483'647;

struct JobResult {
    std::string name;
    std::string host;       // Of a job that a server ran for fio --client.
    std::int64_t error = 0; // -1: what stands there is no number of an error.
    bool tells_error = false;
    std::optional<std::uint64_t> group;     // Jobs of one ran beside each other; none = not said.
    std::uint64_t errors = 0;               // Of a job that went on after errors.
    std::uint64_t start_ms = 0;             // Since 1970; 0 = not said, as before fio 3.36.
    std::uint64_t eta_s = eta_unknown;      // 0 = it is done; eta_unknown and more = not told.
    std::optional<std::uint64_t> elapsed_s; // Of the whole fio, begun seconds counted whole.
    std::optional<std::uint64_t> job_runtime_ms; // With ramps, of all its copies together.
    std::vector<std::string> doubts; // Why the file does not prove what it says of this job.
    double user_cpu_percent = 0;
    double system_cpu_percent = 0;
    std::map<std::string, std::string> options;
    // "read", "write", "trim", or "mixed" where fio was told not to tell them apart; idle ones are
    // left out.
    std::map<std::string, Direction> directions;
};

struct Result {
    std::string version;
    std::uint64_t timestamp_ms = 0; // Of the end; 0 = not said.
    std::uint64_t timestamp_s = 0;  // The same, cut down to seconds.
    std::string text_before;        // What stood before the JSON: warnings, as a rule.
    std::vector<JobResult> jobs;
    std::optional<JobResult> all_clients; // fio's own sum of them; has no bins and no percentiles.
    std::map<std::string, std::string> global_options;
    std::vector<std::string> repeated; // Keys that stood twice with one value; once is taken.
    std::size_t documents = 1;         // In which fio told of this run; the last one counts.
    std::vector<std::string> doubts;   // Why the file does not prove what it says of this run.
};

// Reads fio's json or json+ output, of fio 2 as of fio 3: every run that it tells of. Of a run that
// is told in several documents (--status-interval), each a sum from the start, the last is taken.
// Text before the JSON, keys that repeat a value and unknown keys are passed over; a key that says
// two different things, a count that is none (NaN, a text) and a document that is cut are not. What
// cannot be true together is a doubt of the job or the run, which names both fields.
// Throws ResultError.
std::vector<Result> parse_results(std::string_view output);

// The same of output that tells of one run.
Result parse_result(std::string_view output);

} // namespace drivers::fio
