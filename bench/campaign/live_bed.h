// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "results/run_record.h"

#include <functional>
#include <string>
#include <vector>

namespace bench::campaign {

// One small campaign of the self-test over real sockets.
struct LiveRun {
    std::string transport = "iscsi";
    std::string service;  // JSON object: how the emulated array serves; empty = as fast as it can.
    std::string workload; // JSON: "streams" and what follows.
    std::string rate = "400/s";
    std::vector<std::string> disturbances; // JSON objects, each a phase of its own.
    std::string phase_length = "400ms";
    int depth = 1024;
    bool reads_back = true;          // Verify at the end.
    std::string verify_cache = "0B"; // Read before verifying, so that no cache answers.
    bool writes_first = true;        // Everything once, before a run that reads back.
    std::string lun_size = "8MiB";
    std::string working_set{};  // Empty = the whole LUN.
    std::string backing_file{}; // Where the LUN outlives the run; empty = memory.
    std::uint32_t rounds = 1;
    std::uint32_t controllers = 1; // With more than one a path to each, and all of them in use.
};

// Runs it against an emulated array in a child process, in a folder that is gone afterwards.
// Throws what a campaign throws.
results::RunRecord run_live(const LiveRun& what, drivers::Clock& clock);

// Processes that this one started and that still run.
std::vector<int> own_children();

} // namespace bench::campaign
