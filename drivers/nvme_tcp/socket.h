// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>
#include <string>
#include <utility>

namespace drivers::nvme_tcp {

// Owns one file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) noexcept
        : number_(number) {}
    Descriptor(Descriptor&& other) noexcept
        : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int number() const noexcept { return number_; }
    void close() noexcept;

private:
    int number_ = -1;
};

// A connected, non-blocking TCP socket without Nagle's delay. Throws UsageError for a name that
// does not resolve, ArrayError if nobody answers before the deadline.
Descriptor
connect_tcp(const std::string& host, std::uint16_t port, Clock& clock, TimePoint deadline);

// "host:port", an IPv6 address in brackets.
std::string portal_text(const std::string& host, const std::string& port);

// Waits until `number` is ready for `events` (POLLIN, POLLOUT) or the deadline; false = deadline.
bool wait_ready(int number, short events, Clock& clock, TimePoint deadline) noexcept;

} // namespace drivers::nvme_tcp
