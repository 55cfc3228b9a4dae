// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/lane_thread.h"
#include "bench/load/load_run.h"
#include "results/run_record.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace bench::load {

// Puts the lanes' intervals together: an interval is told when every lane has left it.
class IntervalSeries {
public:
    IntervalSeries(std::vector<std::unique_ptr<LaneThread>>& lanes,
                   const measure::Window& window,
                   const LoadSettings& settings);

    // Takes over what the lanes have closed. Called by one thread, again and again.
    void collect();

    // After the lanes have ended: every interval, with what was due in it by due instant.
    std::vector<results::IntervalRecord> finish();

private:
    struct Part {
        results::IntervalRecord record;
        results::Histogram response_ns;
        std::uint64_t gap_ns = 0;
    };
    void add(const measure::IntervalTally& tally);
    void tell_before(std::uint64_t index);

    std::vector<std::unique_ptr<LaneThread>>& lanes_;
    measure::Window window_;
    const LoadSettings& settings_;
    std::vector<std::uint64_t> lane_at_; // Each lane has left every interval below.
    std::map<std::uint64_t, Part> open_;
    std::vector<results::IntervalRecord> told_;
};

} // namespace bench::load
