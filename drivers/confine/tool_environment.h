// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace drivers::confine {

// What a tool or a hook is given of this process's environment: where programs, homes and words
// are, and how a key agent is reached; what begins with ARRAYBENCH_HOOK_ is meant for hooks.
// Everything else stays here, secrets above all: whatever their variables are called.
class ToolEnvironment {
public:
    ToolEnvironment();

    char* const* variables() { return pointers_.data(); } // As execve wants them.

private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_; // Ends in a null pointer.
};

} // namespace drivers::confine
