// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace results {

enum class RunState : std::uint8_t {
    none,       // Not a run's folder.
    unfinished, // Of a run that was cut off, or that is still going on.
    partial,    // A run has ended, and not all that it left is here.
    whole,
};

// What a folder is, before anything in it is believed.
struct RunLook {
    RunState state = RunState::none;
    std::string sentence; // What it is, and what to do; empty where it is whole.
    std::uint64_t rounds_done = 0;
    std::uint64_t rounds_planned = 0; // 0 = not known.
    bool has_manifest = false;
};

RunLook look_at_run(const std::string& folder);

// "3 of 6 rounds are done"
std::string rounds_text(const RunLook& look);

// Throws RecordError for what is no run's folder, UnfinishedError for one that is not whole.
void want_whole_run(const std::string& folder);

} // namespace results
