// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/wire/ip_address.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace drivers::array {

// A socket that waits for its peer up to an instant, or until a descriptor says stop; no call takes
// longer. Errors are results: the world outside owes an actor nothing.
class PatientSocket {
public:
    enum class Kind : std::uint8_t { udp, tcp, icmp };

    PatientSocket() = default;
    // Not open afterwards where the host refuses it.
    PatientSocket(Kind kind, int family, const std::string& interface, int stop_fd) noexcept;
    ~PatientSocket();
    PatientSocket(PatientSocket&& other) noexcept;
    PatientSocket& operator=(PatientSocket&& other) noexcept;

    bool is_open() const noexcept { return descriptor_ >= 0; }
    int descriptor() const noexcept { return descriptor_; }
    bool connect(const wire::IpAddress& to, std::uint16_t port, TimePoint until) noexcept;
    bool send_all(std::span<const std::byte> bytes, TimePoint until) noexcept;
    // Bytes read; 0 = the end, an error, or too late.
    std::size_t receive(std::span<std::byte> into, TimePoint until) noexcept;
    void end_sending() noexcept;
    bool wait_for(short events, TimePoint until) noexcept; // Of poll(2).
    void close() noexcept;

private:
    int descriptor_ = -1;
    int stop_fd_ = -1;
};

} // namespace drivers::array
