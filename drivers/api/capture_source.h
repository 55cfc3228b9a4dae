// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers {

struct Frame {
    std::chrono::sys_time<std::chrono::nanoseconds>
        at{};                           // UTC: what capture files and live taps speak.
    std::uint16_t tap = 0;              // Which watched port.
    std::uint16_t link_type = 0;        // LINKTYPE_ value of the capture format.
    std::uint32_t wire_bytes = 0;       // Length on the wire; `bytes` may be shorter.
    std::span<const std::byte> bytes{}; // Valid until the next call to next().
};

struct CaptureCounts {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t dropped = 0; // Above zero, no absence on the wire may be concluded.
};

enum class Next : std::uint8_t { frame, idle, end };

// A live interface or a saved file, indistinguishable to the reader.
class CaptureSource {
public:
    virtual ~CaptureSource() = default;
    virtual Next next(Frame& out, TimePoint deadline) = 0;
    virtual CaptureCounts counts() const noexcept = 0;
};

} // namespace drivers
