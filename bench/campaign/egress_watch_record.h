// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/watch_account.h"
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

    // What one array's watch has told: its files into a folder of its own, its records and findings
    // into the run's. `is_judged`: the plan demands silence; findings are notes otherwise.
    void record(const WatchAccount& account, bool is_judged, results::RunRecord& run);
    void write_outside(const drivers::lab::SinkLog& log);

private:
    std::string path_; // The run's.
    std::string name_;
};

// Where an array's traffic is captured, for people; empty = nowhere.
std::string captured_by(const plan::Plan& plan, const std::string& array, bool in_laboratory);

// Says of every port by what it was watched; empty = not watched.
void record_ports(const plan::Plan& plan, bool in_laboratory, results::RunRecord& run);

// "egress: silence" for each array of a plan that demands it: fail with any finding, not measured
// where silence proves nothing.
std::vector<results::VerdictRecord> judge_egress(const plan::Plan& plan,
                                                 const results::RunRecord& run);

} // namespace bench::campaign
