// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace drivers::confine {

struct ConfinedAnswer {
    std::string bytes;        // What the work returned.
    bool is_confined = false; // False: this kernel knows no filter; the privileges were given up.
};

// Does work on hostile bytes in a child that has no privileges, can compute and use what is open
// already, and nothing else (computing_only.h), and gives back what it returns. What it throws of
// drivers' errors is thrown again here; a child that crashes is a HostError that says so, and this
// process goes on. So is one that says more than `bytes_max`, and is ended for it. SIGINT, SIGTERM
// and SIGHUP meanwhile go to the child. Call it while this process has a single thread.
ConfinedAnswer in_confined_child(const std::function<std::string()>& work,
                                 std::size_t bytes_max = std::size_t{2} << 30U);

} // namespace drivers::confine
