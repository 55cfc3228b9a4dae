// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What the end of a command asks of the initiator besides being reported. Senses are packed: sense
// key << 16 | additional sense code << 8 | its qualifier.
namespace drivers::wire::scsi {

enum class Advice : std::uint8_t {
    none,
    again, // A unit attention: nothing was done; send it once more (SAM-5 5.14).
    later  // Not ready yet, and it will pass by itself: send it once more after a pause.
};

Advice advice_of(std::uint8_t status, std::uint32_t sense) noexcept;

// The path is on its way to another access state (SPC-5 5.16.2): another path may serve meanwhile.
bool is_in_transition(std::uint32_t sense) noexcept;

// The path's state keeps the LUN from being used or asked: standby, unavailable.
bool is_kept_by_state(std::uint32_t sense) noexcept;

// After this the LUN may be another one, or of another size: any unit attention (an array may tell
// but one of several reasons), no such LUN or medium, an address beyond the end. Nothing may be
// written before it has been asked who it is.
bool casts_doubt(std::uint32_t sense) noexcept;

} // namespace drivers::wire::scsi
