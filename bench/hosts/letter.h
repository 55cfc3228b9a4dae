// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench::hosts {

// What hosts say to each other. The leader speaks first; a follower answers.
enum class LetterKind : std::uint8_t {
    clock_ask = 1, // Every second, in both senses a sign of life ...
    clock_answer,  // ... with the answering host's monotonic instant.
    introduction,  // Follower: who it is. First on every link.
    plan,          // The effective plan and its inputs.
    arrays,        // Where the arrays are, and who they must be.
    precondition,  // A part of an array to be written through.
    load,          // One load: on which array, which workload, how long.
    verify,        // Read back what your part of the load wrote.
    stop,          // End the load now.
    leave,         // That was all.
    ready,         // Follower: done so far; for a load its lanes are open.
    start,         // Leader: begin at this instant of your clock.
    cancel,        // Leader: do not begin.
    done,          // Follower: what came of it.
    accesses,      // Follower: every access of a disturbed load.
    failed,        // Follower: why not.
    expectation,   // What you wrote to an array must be, from this byte on; the answer, too.
    recall,        // Leader: a piece of what you wrote in an earlier leg; an empty one ends it.
};

struct Letter {
    LetterKind kind = LetterKind::cancel;
    std::string body;
};

// The other host, or the way to it, is gone. What it was doing is lost.
struct HostLost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace bench::hosts
