// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/scsi_advice.h"

#include "drivers/wire/scsi_sense.h"

namespace drivers::wire::scsi {

namespace {

constexpr std::uint32_t packed(SenseKey key, std::uint16_t additional) noexcept {
    return static_cast<std::uint32_t>(key) << 16U | additional;
}

// SPC-5 annex F, ASC 04h: what ends without anybody's doing.
bool passes_by_itself(std::uint16_t additional) noexcept {
    switch (additional) {
    case 0x0401: // In process of becoming ready.
    case 0x0405: // Rebuild in progress.
    case 0x0406: // Recalculation in progress.
    case 0x0407: // Operation in progress.
    case 0x0408: // Long write in progress.
    case 0x0409: // Self-test in progress.
    case code::state_transition:
    case 0x0413: // SA creation in progress.
    case 0x0414: // Space allocation in progress.
    case 0x041A: // START STOP UNIT in progress.
    case 0x041D: // Configuration in progress.
    case 0x041E: // Microcode activation in progress.
    case 0x0420: // Logical unit reset in progress.
        return true;
    default:
        return false;
    }
}

} // namespace

Advice advice_of(std::uint8_t status, std::uint32_t sense) noexcept {
    switch (static_cast<Status>(status)) {
    case Status::busy:
    case Status::task_set_full:
    case Status::task_aborted: // By another initiator's doing; nothing is wrong with the command.
        return Advice::later;
    case Status::check_condition:
        break;
    default:
        return Advice::none;
    }
    const auto key = static_cast<SenseKey>(sense >> 16U);
    if (key == SenseKey::unit_attention) {
        return Advice::again;
    }
    const bool passes =
        key == SenseKey::not_ready && passes_by_itself(static_cast<std::uint16_t>(sense));
    return passes ? Advice::later : Advice::none;
}

bool is_in_transition(std::uint32_t sense) noexcept {
    return sense == packed(SenseKey::not_ready, code::state_transition);
}

bool is_kept_by_state(std::uint32_t sense) noexcept {
    return sense == packed(SenseKey::not_ready, code::standby_state) ||
           sense == packed(SenseKey::not_ready, code::unavailable_state);
}

bool casts_doubt(std::uint32_t sense) noexcept {
    constexpr std::uint16_t no_medium = 0x3a;
    const auto additional = static_cast<std::uint16_t>(sense);
    switch (static_cast<SenseKey>(sense >> 16U)) {
    case SenseKey::unit_attention:
        return true;
    case SenseKey::not_ready:
        return additional >> 8U == no_medium;
    case SenseKey::illegal_request:
        return additional == code::unit_not_supported || additional == code::lba_out_of_range;
    default:
        return false;
    }
}

} // namespace drivers::wire::scsi
