// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/metric.h"
#include "results/run_record.h"

#include <span>
#include <string>
#include <vector>

namespace bench::judge {

// A number no array may pass, as the plan stated it before the run.
struct Limit {
    std::string text; // "read response p99 <= 5ms"
    results::Metric metric;
    std::string workload; // Empty = every one.
    std::string point;
    bool at_most = true;
    double bound = 0;
    bool demanded = true;
};

struct ComparedMetric {
    results::Metric metric;
    double margin = 0.05;
    bool primary = false;
};

// What the rounds are judged by. Everything chance decides comes from the seed.
struct Question {
    std::vector<std::string> arrays; // The first is the baseline.
    std::vector<std::string> workloads;
    std::vector<std::string> points;
    std::vector<Limit> limits;
    std::vector<ComparedMetric> metrics;
    std::uint64_t seed = 1;
};

// One verdict per limit, array, workload and load point. Passes or fails only if the whole interval
// over rounds does; rounds in which the bench or the emulator was the bottleneck do not count.
std::vector<results::VerdictRecord> judge_limits(const Question& question,
                                                 std::span<const results::RoundRecord> rounds);

// Every other array against the baseline, on every metric, workload and load point, over the pairs
// of rounds of one block. A primary metric is called better or worse only if it also survives
// Holm's correction over all primary ones.
std::vector<results::ComparisonRecord> compare_arrays(const Question& question,
                                                      std::span<const results::RoundRecord> rounds);

} // namespace bench::judge
