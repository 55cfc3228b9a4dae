// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/capture_source.h"
#include "drivers/wire/frame_writer.h"

#include <string>

namespace bench::egress {

// A frame that a self-test has written, as a tap on Ethernet would tell it; borrows the bytes.
inline drivers::Frame frame_of(drivers::wire::Bytes bytes, std::int64_t at_ns) {
    constexpr std::uint16_t link_ethernet = 1;
    drivers::Frame out;
    out.at = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(at_ns));
    out.link_type = link_ethernet;
    out.wire_bytes = static_cast<std::uint32_t>(bytes.size());
    out.bytes = bytes;
    return out;
}

} // namespace bench::egress
