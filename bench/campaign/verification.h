// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace bench::campaign {

struct Verification {
    std::vector<std::string> checked;  // What was looked at, a sentence each.
    std::string unfinished;            // What is not there of a run that ended early; empty = all.
    std::vector<std::string> problems; // Empty = the folder is as it was written, and adds up.
};

// Looks whether a run's folder is what the run left: the manifest's hashes, the journal's chain,
// each finished round's own hash in the journal, and every number of result.json drawn again from
// the rounds. Whatever is wrong with a folder that may be a whole run's is a problem found; throws
// RecordError where there is none, UnfinishedError for a run that has not come to its end.
Verification verify_run(const std::string& folder);

} // namespace bench::campaign
