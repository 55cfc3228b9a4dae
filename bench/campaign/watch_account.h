// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_books.h"
#include "results/run_record.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bench::campaign {

// What is told of one array's traffic once its watch is over.
struct WatchAccount {
    std::vector<results::EgressRecord> records;   // Of the whole first, then of each phase.
    std::vector<results::FindingRecord> findings; // Their cut-outs are names of files, or empty.
    std::vector<std::pair<std::string, std::string>> files{}; // Plain name and content
};

// What the bench knows of a watch without asking the child that read the frames.
struct WatchKnown {
    struct Tap {
        std::string interface;
        std::uint64_t markers_sent = 0;
    };
    std::string array;
    std::string captured_by;
    std::set<std::string> phases; // That were begun.
    std::vector<Tap> taps;
    EgressBooks last; // The latest that the child said of itself.
};

// The child has read an enemy's bytes: throws HostError for a handover that no child of this watch
// could have made.
WatchAccount account_from(const std::string& handover, const WatchKnown& known);

// How a watch ended before it could hand over.
struct WatchEnd {
    std::string why;
    std::int64_t at_ns = 0; // UTC: when it was last heard.
    bool forged = false;    // It said what none of ours would say.
};

// What is left: the books as they were told last. Nothing is known of what came after.
WatchAccount account_of(const WatchEnd& end, const WatchKnown& known);

} // namespace bench::campaign
