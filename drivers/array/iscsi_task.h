// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/scsi_target.h"

#include <array>
#include <cstdint>
#include <optional>

namespace drivers::array {

// One SCSI command between its arrival and its answer.
struct IscsiTask {
    enum class State : std::uint8_t {
        unused,
        collecting, // Waits for data from the initiator.
        held,       // Done; its answer is not due yet.
        silent      // Never answered; only an abort ends it.
    };
    State state = State::unused;
    bool is_immediate = false;
    bool reads = false;
    bool writes = false;
    bool expects_unsolicited = false; // More data comes without being asked for.
    std::uint16_t generation = 0;     // Tells uses of one slot apart.
    std::uint32_t tag = 0;
    std::uint32_t expected_bytes = 0;
    std::uint32_t wanted_bytes = 0; // Of data from the initiator: what the command can use.
    std::uint32_t received_bytes = 0;
    std::uint32_t data_sn = 0;   // Expected in the next data-out.
    std::uint32_t r2t_begin = 0; // Where solicited data starts.
    std::uint32_t r2t_count = 0; // How many have been sent.
    std::uint32_t burst = 0;     // Index of the burst that is coming in.
    std::optional<std::uint16_t> lun;
    std::uint64_t lun_field = 0;
    std::array<std::byte, 16> cdb{};
    Buffer data{};
    ScsiReply reply{};
    TimePoint arrived{};
};

} // namespace drivers::array
