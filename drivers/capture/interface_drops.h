// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace drivers::capture {

// Frames that an interface itself had no room for since this began, as the kernel counts them. What
// it counts in is opened at once: a process that can open nothing any more still reads it.
class InterfaceDrops {
public:
    // FOLDER/INTERFACE/statistics; where that is missing, nothing is counted.
    explicit InterfaceDrops(const std::string& interface,
                            const std::string& folder = "/sys/class/net");
    ~InterfaceDrops();
    InterfaceDrops(const InterfaceDrops&) = delete;
    InterfaceDrops& operator=(const InterfaceDrops&) = delete;

    std::uint64_t count() const noexcept;

private:
    std::uint64_t total() const noexcept;

    std::array<int, 2> descriptors_{-1, -1};
    std::uint64_t began_ = 0;
};

} // namespace drivers::capture
