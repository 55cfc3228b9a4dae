// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bench::hosts {

// Under a launcher the process that it started only watches over the one that works: a launcher
// ends a whole job at once, and says so with a code of its own, when a process of it is killed. So
// a worker's violent end stays between the hosts, whose leader notices it and ends the run as a run
// is ended.
class Guard {
public:
    // Forks. Returns in the worker alone; the launcher's process waits for it here and exits in its
    // place. Call before there are any threads.
    Guard();
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    // The hosts have met: from here on the leader decides what the end of this worker means.
    void met(bool leads) noexcept;

private:
    int told_ = -1; // To the launcher's process.
};

} // namespace bench::hosts
