// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace drivers {

struct Event { // Something done to an array: a failover, a power cut, a firmware update.
    std::string name;
    std::string parameters; // JSON object.
};

struct ArrayCounts { // The array's own account, held against the driver's and the wire's.
    std::uint64_t commands = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    Duration lateness_p99{
        0}; // Answers sent later than the persona meant; large = emulator overloaded.
};

// An array under test: an emulated one in a child process, or a real one steered by hooks and
// people.
class Array {
public:
    virtual ~Array() = default;
    virtual std::vector<std::string> portals() const = 0;
    virtual TimePoint apply(const Event& event) = 0; // Returns when it took effect.
    virtual ArrayCounts counts() const = 0;
    virtual void stop() noexcept = 0;
};

} // namespace drivers
