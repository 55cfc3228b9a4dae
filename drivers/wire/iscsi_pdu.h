// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

// iSCSI protocol data units, RFC 7143 section 11.
namespace drivers::wire::iscsi {

inline constexpr std::size_t header_bytes = 48;
inline constexpr std::size_t digest_bytes = 4;
inline constexpr std::uint32_t no_tag = 0xFFFFFFFFU;

enum class Opcode : std::uint8_t { // Section 11.2.1.2
    nop_out = 0x00,
    scsi_command = 0x01,
    task_management_request = 0x02,
    login_request = 0x03,
    text_request = 0x04,
    data_out = 0x05,
    logout_request = 0x06,
    snack_request = 0x10,
    nop_in = 0x20,
    scsi_response = 0x21,
    task_management_response = 0x22,
    login_response = 0x23,
    text_response = 0x24,
    data_in = 0x25,
    logout_response = 0x26,
    ready_to_transfer = 0x31,
    async_message = 0x32,
    reject = 0x3F
};

// 32-bit fields of the basic header segment by offset; what an offset means depends on the opcode.
enum class Word : std::uint8_t {
    initiator_task_tag = 16,
    target_transfer_tag = 20,
    expected_transfer_bytes = 20, // SCSI command
    referenced_task_tag = 20,     // task management request
    cmd_sn = 24,                  // requests
    stat_sn = 24,                 // responses
    exp_stat_sn = 28,             // requests
    exp_cmd_sn = 28,              // responses
    max_cmd_sn = 32,
    ref_cmd_sn = 32, // task management request
    data_sn = 36,    // data-out, data-in; R2TSN in a ready-to-transfer
    exp_data_sn = 36,
    buffer_offset = 40,
    residual_bidirectional = 40, // SCSI response
    residual = 44,
    desired_bytes = 44 // ready-to-transfer
};

// Byte 1 of the header; which bits apply depends on the opcode.
namespace flag {
inline constexpr std::uint8_t final = 0x80;
inline constexpr std::uint8_t text_continue = 0x40;  // text and login
inline constexpr std::uint8_t read = 0x40;           // SCSI command
inline constexpr std::uint8_t write = 0x20;          // SCSI command
inline constexpr std::uint8_t attributes = 0x07;     // SCSI command: task attribute
inline constexpr std::uint8_t acknowledge = 0x40;    // data-in
inline constexpr std::uint8_t read_overflow = 0x10;  // SCSI response, bidirectional read part
inline constexpr std::uint8_t read_underflow = 0x08; // SCSI response, bidirectional read part
inline constexpr std::uint8_t overflow = 0x04;       // SCSI response, data-in with status
inline constexpr std::uint8_t underflow = 0x02;      // SCSI response, data-in with status
inline constexpr std::uint8_t has_status = 0x01;     // data-in
} // namespace flag

enum class TaskFunction : std::uint8_t { // Section 11.5.1
    abort_task = 1,
    abort_task_set = 2,
    clear_aca = 3,
    clear_task_set = 4,
    logical_unit_reset = 5,
    target_warm_reset = 6,
    target_cold_reset = 7,
    task_reassign = 8
};

enum class TaskAnswer : std::uint8_t { // Section 11.6.1
    complete = 0,
    no_such_task = 1,
    no_such_lun = 2,
    still_allegiant = 3,
    reassignment_unsupported = 4,
    unsupported = 5,
    authorization_failed = 6,
    rejected = 255
};

enum class RejectReason : std::uint8_t { // Section 11.17.1
    data_digest_error = 0x02,
    snack_reject = 0x03,
    protocol_error = 0x04,
    command_not_supported = 0x05,
    immediate_command_reject = 0x06,
    task_in_progress = 0x07,
    invalid_data_ack = 0x08,
    invalid_field = 0x09,
    long_operation = 0x0A
};

enum class AsyncEvent : std::uint8_t { // Section 11.9.1
    scsi_event = 0,
    logout_requested = 1,
    connection_dropped = 2,
    all_connections_dropped = 3,
    renegotiation_requested = 4
};

// The basic header segment as it stands on the wire; any 48 bytes are one.
struct BasicHeader {
    std::array<std::byte, header_bytes> bytes{};

    std::uint8_t byte(std::size_t at) const noexcept { return load_u8(bytes, at); }
    void set_byte(std::size_t at, std::uint64_t value) noexcept { store_u8(bytes, at, value); }
    std::uint32_t get(Word word) const noexcept {
        return load_be32(bytes, static_cast<std::size_t>(word));
    }
    void set(Word word, std::uint32_t value) noexcept {
        store_be32(bytes, static_cast<std::size_t>(word), value);
    }

    Opcode opcode() const noexcept { return static_cast<Opcode>(byte(0) & 0x3FU); }
    bool is_immediate() const noexcept { return (byte(0) & 0x40U) != 0; }
    std::uint8_t flags() const noexcept { return byte(1); }
    bool has(std::uint8_t flag) const noexcept { return (byte(1) & flag) == flag; }
    std::size_t ahs_bytes() const noexcept { return std::size_t{byte(4)} * 4; }
    std::size_t data_bytes() const noexcept { return load_be24(bytes, 5); }
    void set_data_bytes(std::size_t count) noexcept { store_be24(bytes, 5, count); }
    std::uint64_t lun() const noexcept { return load_be64(bytes, 8); }
    void set_lun(std::uint64_t lun) noexcept { store_be64(bytes, 8, lun); }
    std::uint32_t task_tag() const noexcept { return get(Word::initiator_task_tag); }
    Bytes cdb() const noexcept { return Bytes(bytes).subspan(32, 16); } // SCSI command
};

// A header with its opcode, final bit and tag set and all else zero.
BasicHeader make_header(Opcode opcode, std::uint8_t flags, std::uint32_t task_tag) noexcept;

struct Digests {
    bool header = false;
    bool data = false;
};

// How the parts of one PDU follow each other on the wire (section 11.1).
struct PduExtent {
    std::size_t ahs = 0;
    std::size_t header_digest = 0;
    std::size_t data = 0;
    std::size_t padding = 0;
    std::size_t data_digest = 0;

    std::size_t head() const noexcept { return header_bytes + ahs + header_digest; }
    std::size_t total() const noexcept { return head() + data + padding + data_digest; }
};
PduExtent extent_of(const BasicHeader& header, Digests digests) noexcept;

constexpr std::size_t padding_for(std::size_t data_bytes) noexcept {
    return (4 - data_bytes % 4) % 4;
}

// Additional header segments (section 11.2.2), where a SCSI command may carry them.
struct AdditionalHeaders {
    Bytes extended_cdb{}; // What follows the first 16 bytes of a long CDB.
    std::optional<std::uint32_t> bidirectional_read_bytes;
};
std::optional<AdditionalHeaders> parse_additional_headers(Bytes ahs) noexcept;

// Single-level LUN by peripheral device or flat space addressing (SAM-5 4.7.7), as an index.
std::optional<std::uint16_t> lun_index(std::uint64_t lun) noexcept;
std::uint64_t lun_field(std::uint16_t index) noexcept;

// Serial number arithmetic (RFC 1982) on CmdSN, StatSN and DataSN.
constexpr bool serial_less(std::uint32_t a, std::uint32_t b) noexcept {
    return a != b && b - a < 0x80000000U;
}

} // namespace drivers::wire::iscsi
