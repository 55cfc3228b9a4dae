// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

// Queue entries and the commands the bench uses: NVM Express Base Specification 2.0, section 3.3.3
// (queue entries), NVM Command Set 1.0, section 3.
namespace drivers::wire::nvme {

// Submission Queue Entry (Base 3.3.3.1), byte for byte; SGLs only, as over fabrics.
struct SubmissionEntry {
    std::uint8_t opcode = 0;
    std::uint8_t flags = 0x40; // PSDT 01b: SGL.
    std::uint16_t command_id = 0;
    std::uint32_t nsid = 0; // Fabrics commands: FCTYPE in the lowest byte.
    std::uint32_t dword2 = 0;
    std::uint32_t dword3 = 0;
    std::uint64_t metadata = 0;
    std::uint64_t sgl_address = 0;
    std::uint32_t sgl_bytes = 0;
    std::uint8_t sgl_reserved[3] = {};
    std::uint8_t sgl_type = 0;
    std::uint32_t dword10 = 0;
    std::uint32_t dword11 = 0;
    std::uint32_t dword12 = 0;
    std::uint32_t dword13 = 0;
    std::uint32_t dword14 = 0;
    std::uint32_t dword15 = 0;

    std::uint64_t lba() const noexcept { return dword10 | std::uint64_t{dword11} << 32; }
    std::uint32_t block_count() const noexcept {
        return (dword12 & 0xFFFFU) + 1;
    } // NLB is 0's based.
};
static_assert(sizeof(SubmissionEntry) == 64);

// SGL descriptor types (Base 4.1.2): data in the capsule at an offset, or moved by the transport.
constexpr std::uint8_t sgl_in_capsule = 0x01;
constexpr std::uint8_t sgl_transport = 0x5A;

// Completion Queue Entry (Base 3.3.3.2), byte for byte.
struct CompletionEntry {
    std::uint32_t dword0 = 0;
    std::uint32_t dword1 = 0;
    std::uint16_t sq_head = 0;
    std::uint16_t sq_id = 0;
    std::uint16_t command_id = 0;
    std::uint16_t status = 0; // Bit 0 phase, 8:1 SC, 11:9 SCT, 15 do not retry.

    std::uint16_t status_code() const noexcept { return (status >> 1) & 0x7FF; } // SCT << 8 | SC
    bool is_good() const noexcept { return status_code() == 0; }
    std::uint64_t value() const noexcept { return dword0 | std::uint64_t{dword1} << 32; }
};
static_assert(sizeof(CompletionEntry) == 16);

// Admin opcodes (Base figure 138).
constexpr std::uint8_t opcode_get_log_page = 0x02;
constexpr std::uint8_t opcode_identify = 0x06;
constexpr std::uint8_t opcode_abort = 0x08;
constexpr std::uint8_t opcode_set_features = 0x09;
constexpr std::uint8_t opcode_get_features = 0x0A;
constexpr std::uint8_t opcode_async_event = 0x0C;
constexpr std::uint8_t opcode_keep_alive = 0x18;
constexpr std::uint8_t opcode_fabrics = 0x7F;

// I/O opcodes (NVM Command Set 3.2).
constexpr std::uint8_t opcode_flush = 0x00;
constexpr std::uint8_t opcode_write = 0x01;
constexpr std::uint8_t opcode_read = 0x02;
constexpr std::uint8_t opcode_compare = 0x05;
constexpr std::uint8_t opcode_write_zeroes = 0x08;
constexpr std::uint8_t opcode_dataset_management = 0x09;

constexpr std::uint32_t force_unit_access_bit = 1U << 30;       // Dword 12.
constexpr std::uint32_t deallocate_bit = 1U << 2;               // DSM, dword 11.
constexpr std::uint32_t write_zeroes_deallocate_bit = 1U << 25; // Dword 12.
constexpr std::uint64_t blocks_per_command_max = 65536;         // NLB has 16 bits.

// Feature identifiers (Base figure 317).
constexpr std::uint8_t feature_volatile_write_cache = 0x06;
constexpr std::uint8_t feature_number_of_queues = 0x07;
constexpr std::uint8_t feature_async_event_configuration = 0x0B;
constexpr std::uint8_t feature_keep_alive_timer = 0x0F;
constexpr std::uint8_t feature_host_behavior_support = 0x16;
constexpr std::size_t host_behavior_bytes = 512;

// SCT << 8 | SC of the statuses that decide something here (Base 3.3.3.2.1, NVM Command Set 2.1).
constexpr std::uint16_t status_invalid_opcode = 0x001;
constexpr std::uint16_t status_invalid_field = 0x002;
constexpr std::uint16_t status_data_transfer_error = 0x004;
constexpr std::uint16_t status_internal_error = 0x006;
constexpr std::uint16_t status_abort_requested = 0x007;
constexpr std::uint16_t status_invalid_namespace = 0x00B;
constexpr std::uint16_t status_sequence_error = 0x00C;
constexpr std::uint16_t status_sgl_length_invalid = 0x00F;
constexpr std::uint16_t status_sgl_type_invalid = 0x011;
constexpr std::uint16_t status_keep_alive_invalid = 0x018;
constexpr std::uint16_t status_write_protected = 0x020;
constexpr std::uint16_t status_transient = 0x021; // Command Interrupted.
constexpr std::uint16_t status_transport_error = 0x022;
constexpr std::uint16_t status_lba_out_of_range = 0x080;
constexpr std::uint16_t status_capacity_exceeded = 0x081;
constexpr std::uint16_t status_namespace_not_ready = 0x082;
constexpr std::uint16_t status_invalid_log_page = 0x109;
constexpr std::uint16_t status_async_limit_exceeded = 0x105;
constexpr std::uint16_t status_feature_not_changeable = 0x10E;
constexpr std::uint16_t status_connect_invalid_parameters = 0x182;
constexpr std::uint16_t status_connect_invalid_host = 0x184;
constexpr std::uint16_t status_authentication_required = 0x191;
constexpr std::uint16_t status_write_fault = 0x280;
constexpr std::uint16_t status_unrecovered_read = 0x281;
constexpr std::uint16_t status_compare_failure = 0x285;
constexpr std::uint16_t status_internal_path_error = 0x300;
constexpr std::uint16_t status_ana_persistent_loss = 0x301;
constexpr std::uint16_t status_ana_inaccessible = 0x302;
constexpr std::uint16_t status_ana_transition = 0x303;
constexpr std::uint16_t status_host_path_error = 0x370;

constexpr std::uint16_t do_not_retry_bit = 0x8000; // In the status field as sent.

// "LBA out of range (status 0x080)": name where it is known, number always.
std::string status_text(std::uint16_t status_code);

// Read, write, compare or write zeroes of `block_count` blocks (1 .. 65536).
SubmissionEntry block_command(std::uint8_t opcode,
                              std::uint32_t nsid,
                              std::uint64_t lba,
                              std::uint64_t block_count) noexcept;
SubmissionEntry identify_command(std::uint8_t structure, std::uint32_t nsid) noexcept;
SubmissionEntry
log_page_command(std::uint8_t page, std::uint32_t bytes, std::uint64_t offset) noexcept;
SubmissionEntry set_feature_command(std::uint8_t feature, std::uint32_t value) noexcept;
SubmissionEntry get_feature_command(std::uint8_t feature) noexcept;

} // namespace drivers::wire::nvme
