// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <array>
#include <cstdint>
#include <optional>

// Sense data, SPC-5 section 4.4.
namespace drivers::wire::scsi {

enum class Status : std::uint8_t { // SAM-5 table 40
    good = 0x00,
    check_condition = 0x02,
    condition_met = 0x04,
    busy = 0x08,
    reservation_conflict = 0x18,
    task_set_full = 0x28,
    aca_active = 0x30,
    task_aborted = 0x40
};

enum class SenseKey : std::uint8_t {
    no_sense = 0x0,
    recovered_error = 0x1,
    not_ready = 0x2,
    medium_error = 0x3,
    hardware_error = 0x4,
    illegal_request = 0x5,
    unit_attention = 0x6,
    data_protect = 0x7,
    blank_check = 0x8,
    copy_aborted = 0xA,
    aborted_command = 0xB,
    miscompare = 0xE
};

struct Sense {
    SenseKey key = SenseKey::no_sense;
    std::uint16_t code = 0; // ASC << 8 | ASCQ
    std::optional<std::uint64_t> information;
    // Sense-key specific: the byte of the CDB (or of the parameter list) that was wrong.
    std::optional<std::uint16_t> field;
    bool field_in_data = false;
};

// Additional sense codes by the names of SPC-5 annex F.
namespace code {
inline constexpr std::uint16_t none = 0x0000;
inline constexpr std::uint16_t state_transition = 0x040A; // asymmetric access
inline constexpr std::uint16_t standby_state = 0x040B;
inline constexpr std::uint16_t unavailable_state = 0x040C;
inline constexpr std::uint16_t initializing_command_required = 0x0402;
inline constexpr std::uint16_t copy_target_unreachable = 0x0D02;
inline constexpr std::uint16_t unrecovered_read_error = 0x1100;
inline constexpr std::uint16_t parameter_list_length_error = 0x1A00;
inline constexpr std::uint16_t miscompare_during_verify = 0x1D00;
inline constexpr std::uint16_t invalid_operation_code = 0x2000;
inline constexpr std::uint16_t lba_out_of_range = 0x2100;
inline constexpr std::uint16_t invalid_field_in_cdb = 0x2400;
inline constexpr std::uint16_t unit_not_supported = 0x2500;
inline constexpr std::uint16_t invalid_field_in_parameters = 0x2600;
inline constexpr std::uint16_t parameter_value_invalid = 0x2602;
inline constexpr std::uint16_t release_refused = 0x2604; // invalid release of reservation
inline constexpr std::uint16_t too_many_targets = 0x2606;
inline constexpr std::uint16_t bad_target_descriptor = 0x2607;
inline constexpr std::uint16_t too_many_segments = 0x2608;
inline constexpr std::uint16_t bad_segment_descriptor = 0x2609;
inline constexpr std::uint16_t write_protected = 0x2700;
inline constexpr std::uint16_t space_allocation_failed = 0x2707;
inline constexpr std::uint16_t power_on_or_reset = 0x2900;
inline constexpr std::uint16_t bus_reset = 0x2902;
inline constexpr std::uint16_t bus_device_reset = 0x2903; // a LOGICAL UNIT RESET
inline constexpr std::uint16_t nexus_loss = 0x2907;
inline constexpr std::uint16_t mode_parameters_changed = 0x2A01;
inline constexpr std::uint16_t reservations_preempted = 0x2A03;
inline constexpr std::uint16_t reservations_released = 0x2A04;
inline constexpr std::uint16_t registrations_preempted = 0x2A05;
inline constexpr std::uint16_t access_state_changed = 0x2A06;
inline constexpr std::uint16_t capacity_changed = 0x2A09;
inline constexpr std::uint16_t commands_cleared = 0x2F00; // by another initiator
inline constexpr std::uint16_t not_ready_stopped = initializing_command_required;
inline constexpr std::uint16_t microcode_changed = 0x3F01;
inline constexpr std::uint16_t inquiry_data_changed = 0x3F03;
inline constexpr std::uint16_t identifier_changed = 0x3F05;
inline constexpr std::uint16_t reported_luns_changed = 0x3F0E;
inline constexpr std::uint16_t internal_failure = 0x4400;
inline constexpr std::uint16_t unexpected_unsolicited_data = 0x0C0C;
inline constexpr std::uint16_t incorrect_amount_of_data = 0x0C0D;
inline constexpr std::uint16_t protocol_service_crc_error = 0x4705;
inline constexpr std::uint16_t insufficient_registration_resources = 0x5504;
} // namespace code

// Where a status came without sense, a packed sense is the status << 24; and two that are no
// status: the array called it good and moved another length (RFC 7143 11.4.5.1).
inline constexpr std::uint32_t residual_underflow = 0xF1000000;
inline constexpr std::uint32_t residual_overflow = 0xF2000000;

inline constexpr std::size_t fixed_sense_bytes = 18;
inline constexpr std::size_t sense_bytes_max = 32;

struct SenseBytes {
    std::array<std::byte, sense_bytes_max> bytes{};
    std::size_t count = 0;
    Bytes view() const noexcept { return Bytes(bytes).first(count); }
};

SenseBytes encode_fixed_sense(const Sense& sense) noexcept;
SenseBytes encode_descriptor_sense(const Sense& sense) noexcept;

// Either format, current or deferred; nothing if too short or of no known response code.
std::optional<Sense> parse_sense(Bytes bytes) noexcept;

} // namespace drivers::wire::scsi
