// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bench::measure {

// When a metric counts as steady, after SNIA's Performance Test Specification: over the last
// `window` rounds its range is at most `range_max` of the mean, and the fitted line climbs or falls
// by at most `drift_max` of the mean from the first to the last of them.
struct SteadyRule {
    std::size_t window = 5;
    double range_max = 0.20;
    double drift_max = 0.10;
    std::size_t rounds_max = 25; // Without steadiness by then, "not steady" is the result.
};

struct Steadiness {
    bool steady = false;
    std::size_t rounds = 0; // Seen so far.
    double mean = 0;        // Of the last window; the following are shares of it.
    double range = 0;
    double drift = 0; // Signed.

    std::string text() const; // "steady after 7 rounds: range 4.1 %, drift -0.8 %"
};

// Judges the last window of these round values (IOPS, throughput or mean latency).
Steadiness steadiness_of(std::span<const double> rounds, const SteadyRule& rule);

// Takes one value a round and says when to stop asking for more.
class SteadyState {
public:
    explicit SteadyState(const SteadyRule& rule = {})
        : rule_(rule) {}

    // True: no more rounds are needed, because it is steady or never became so.
    bool add(double value);
    Steadiness now() const { return steadiness_of(rounds_, rule_); }

private:
    SteadyRule rule_;
    std::vector<double> rounds_;
};

} // namespace bench::measure
