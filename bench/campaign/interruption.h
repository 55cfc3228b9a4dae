// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace bench::campaign {

// While one lives, SIGINT, SIGTERM and SIGHUP raise its flag instead of ending the process; a
// second SIGINT or SIGTERM, a quarter of a second later or more, ends it at once, in the way the
// shell expects. A SIGHUP that was ignored, as nohup leaves it, stays so.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    static const std::atomic<bool>& flag();
    static bool raised() { return flag().load(); }
    static void raise(); // For another reason than a signal; from any thread.

private:
    bool heeds_hangup_ = false;
};

} // namespace bench::campaign
