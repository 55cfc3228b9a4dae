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
    double mean_ns = 0;
    // json+ only: the middles of non-empty buckets (within 0.78 %) and their counts, ascending.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bins;
    // Plain json: percent and value.
    std::map<double, std::uint64_t> percentiles;

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
    unsigned told = 0;   // Which of the counts above the file has: a bit each.
    bool is_old = false; // As fio 2 wrote it: KiB and microseconds. parse_result mends that.
    Latency total;       // "lat_ns": from submission to answer.
    Latency completion;  // "clat_ns": from when the kernel had it.
};

// Also of jobs that are done: fio's estimate is made before they are.
inline constexpr std::uint64_t eta_unknown = 2'147'483'647;

struct JobResult {
    std::string name;
    std::string host; // Of a job that a server ran for fio --client.
    std::int64_t error = 0;
    std::uint64_t group = 0;    // Jobs of one ran beside each other; a stonewall begins the next.
    std::uint64_t errors = 0;   // Of a job that went on after errors.
    std::uint64_t start_ms = 0; // Since 1970; 0 = not said, as before fio 3.36.
    std::uint64_t eta_s = 0;    // 0 = it is done; eta_unknown and more = fio could not tell.
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
    std::string text_before;        // What stood before the JSON: warnings, as a rule.
    std::vector<JobResult> jobs;
    std::optional<JobResult> all_clients; // fio's own sum of them; has no bins and no percentiles.
    std::map<std::string, std::string> global_options;
    std::vector<std::string> repeated; // Keys that stood twice with one value; once is taken.
    std::size_t documents = 1;         // In which fio told of this run; the last one counts.
};

// Reads fio's json or json+ output, of fio 2 as of fio 3: every run that it tells of. Of a run that
// is told in several documents (--status-interval), each a sum from the start, the last is taken.
// Text before the JSON, keys that repeat a value and unknown keys are passed over; a key that says
// two different things, a count that is none (NaN, a text) and a document that is cut are not.
// Throws ResultError.
std::vector<Result> parse_results(std::string_view output);

// The same of output that tells of one run.
Result parse_result(std::string_view output);

} // namespace drivers::fio
