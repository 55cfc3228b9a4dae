// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace bench::campaign {

// While one lives, SIGINT and SIGTERM raise its flag instead of ending the process; a second one, a
// quarter of a second later or more, ends it at once, in the way the shell expects.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    static const std::atomic<bool>& flag();
    static bool raised() { return flag().load(); }
    static void raise(); // For another reason than a signal; from any thread.
};

} // namespace bench::campaign
