// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <atomic>
#include <string>
#include <vector>

namespace bench::campaign {

struct HookResult {
    int exit_status = -1; // 128 + signal if it was ended by one.
    bool timed_out = false;
    std::string output; // Of both streams, its first 4 KiB.
};

// Runs a command without a shell, in a process group of its own that is killed when the time is
// over or `stop` is raised. Throws HostError if it cannot be started.
HookResult run_hook(const std::vector<std::string>& command,
                    drivers::Duration time_limit,
                    const std::atomic<bool>& stop);

// Asks on the terminal and waits for a line. Throws HostError without a terminal or an answer in
// time.
std::string
ask_person(const std::string& request, drivers::Duration time_limit, const std::atomic<bool>& stop);

} // namespace bench::campaign
