// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_watch_array.h"
#include "bench/egress/sinks.h"
#include "bench/plan/plan.h"
#include "drivers/lab/sink_log.h"
#include "results/run_record.h"

#include <string>

namespace bench::campaign {

// FOLDER/egress/, or FOLDER/egress-2/ and so on where a run that goes on finds earlier ones.
class EgressFolder {
public:
    explicit EgressFolder(const std::string& run_folder); // Throws WriteError.

    const std::string& name() const { return name_; } // "egress"

    // Everything about one array, each finding's first frames among it. Returns the cut-outs' names
    // from the run's folder by finding; empty = none.
    std::vector<std::string> write(const std::string& array, const egress::EgressReport& report);
    void write_outside(const drivers::lab::SinkLog& log);

private:
    std::string path_; // The run's.
    std::string name_;
};

// Adds records and findings of one array, once its watch has stopped.
void record_watch(const ArrayWatch& watch,
                  const plan::Plan& plan,
                  EgressFolder& folder,
                  results::RunRecord& run);

// Says of every port by what it was watched; empty = not watched.
void record_ports(const plan::Plan& plan, bool in_laboratory, results::RunRecord& run);

// "egress: silence" for each array of a plan that demands it: fail with any finding, not measured
// where silence proves nothing.
std::vector<results::VerdictRecord> judge_egress(const plan::Plan& plan,
                                                 const results::RunRecord& run);

} // namespace bench::campaign
