// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/iscsi_pdu.h"

#include <cstdint>
#include <string>

namespace drivers::array {

// What this end of an iSCSI session offers and never exceeds.
namespace iscsi_limit {
inline constexpr std::uint32_t segment_bytes = 1U << 18U;     // MaxRecvDataSegmentLength
inline constexpr std::uint32_t first_burst_bytes = 1U << 18U; // FirstBurstLength
inline constexpr std::uint32_t max_burst_bytes = 1U << 20U;   // MaxBurstLength
inline constexpr std::uint32_t outstanding_r2t = 8;
inline constexpr std::uint32_t command_window = 256;
inline constexpr std::uint32_t immediate_tasks = 16;
inline constexpr std::uint32_t text_bytes = 65536; // One negotiation, over all its PDUs.
inline constexpr std::uint32_t login_pdus = 32;
inline constexpr std::uint32_t sessions = 256;
inline constexpr std::size_t output_pdus = 1024; // Queued unsent; beyond it nothing is read.
inline constexpr std::size_t pool_bytes = std::size_t{1} << 30U;
} // namespace iscsi_limit

// What both ends of a session agreed on (RFC 7143 section 13), starting from its defaults.
struct SessionParameters {
    std::string initiator_name;
    std::string target_name;
    bool is_discovery = false;
    std::uint64_t isid = 0; // 48 bits
    std::uint16_t tsih = 0;
    std::uint16_t connection_id = 0;
    wire::iscsi::Digests digests{};
    bool initial_r2t = true;
    bool immediate_data = true;
    std::uint32_t peer_segment_bytes = 8192; // The initiator's MaxRecvDataSegmentLength.
    std::uint32_t max_burst_bytes = 262144;
    std::uint32_t first_burst_bytes = 65536;
    std::uint32_t outstanding_r2t = 1;
};

} // namespace drivers::array
