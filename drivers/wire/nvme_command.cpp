// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_command.h"

#include <array>
#include <cstdio>
#include <utility>

namespace drivers::wire::nvme {

namespace {

constexpr std::array<std::pair<std::uint16_t, const char*>, 45> status_names{{
    {0x000, "successful"},
    {status_invalid_opcode, "invalid command opcode"},
    {status_invalid_field, "invalid field in command"},
    {0x003, "command ID conflict"},
    {status_data_transfer_error, "data transfer error"},
    {0x005, "aborted due to power loss notification"},
    {status_internal_error, "internal error"},
    {status_abort_requested, "command abort requested"},
    {0x008, "aborted due to queue deletion"},
    {status_invalid_namespace, "invalid namespace or format"},
    {status_sequence_error, "command sequence error"},
    {0x00D, "invalid SGL segment descriptor"},
    {status_sgl_length_invalid, "data SGL length invalid"},
    {status_sgl_type_invalid, "SGL descriptor type invalid"},
    {status_keep_alive_invalid, "keep alive timeout invalid"},
    {0x016, "operation denied"},
    {0x01C, "sanitize failed"},
    {0x01D, "sanitize in progress"},
    {status_write_protected, "namespace is write protected"},
    {status_transient, "command interrupted"},
    {status_transport_error, "transient transport error"},
    {status_lba_out_of_range, "LBA out of range"},
    {status_capacity_exceeded, "capacity exceeded"},
    {status_namespace_not_ready, "namespace not ready"},
    {0x083, "reservation conflict"},
    {0x100, "completion queue invalid"},
    {status_async_limit_exceeded, "asynchronous event request limit exceeded"},
    {status_invalid_log_page, "invalid log page"},
    {status_feature_not_changeable, "feature not changeable"},
    {0x180, "connect: incompatible format"},
    {0x181, "connect: controller busy"},
    {status_connect_invalid_parameters, "connect: invalid parameters"},
    {0x183, "connect: restart discovery"},
    {status_connect_invalid_host, "connect: this host may not connect to the subsystem"},
    {0x190, "discovery: restart"},
    {status_authentication_required, "authentication required"},
    {status_write_fault, "write fault"},
    {status_unrecovered_read, "unrecovered read error"},
    {0x282, "end-to-end guard check error"},
    {status_compare_failure, "compare failure"},
    {status_ana_persistent_loss, "asymmetric access persistent loss"},
    {status_internal_path_error, "internal path error"},
    {status_ana_inaccessible, "asymmetric access inaccessible"},
    {status_host_path_error, "host path error"},
    {status_ana_transition, "asymmetric access transition"},
}};

} // namespace

std::string status_text(std::uint16_t status_code) {
    const char* name = "unknown";
    for (const auto& [code, text] : status_names) {
        if (code == status_code) {
            name = text;
        }
    }
    char number[32];
    std::snprintf(number, sizeof number, " (status 0x%03x)", static_cast<unsigned>(status_code));
    return std::string(name) + number;
}

SubmissionEntry block_command(std::uint8_t opcode,
                              std::uint32_t nsid,
                              std::uint64_t lba,
                              std::uint64_t block_count) noexcept {
    SubmissionEntry entry;
    entry.opcode = opcode;
    entry.nsid = nsid;
    entry.dword10 = static_cast<std::uint32_t>(lba);
    entry.dword11 = static_cast<std::uint32_t>(lba >> 32);
    entry.dword12 = static_cast<std::uint32_t>(block_count - 1) & 0xFFFFU;
    return entry;
}

SubmissionEntry identify_command(std::uint8_t structure, std::uint32_t nsid) noexcept {
    SubmissionEntry entry;
    entry.opcode = opcode_identify;
    entry.nsid = nsid;
    entry.dword10 = structure;
    return entry;
}

SubmissionEntry
log_page_command(std::uint8_t page, std::uint32_t bytes, std::uint64_t offset) noexcept {
    const std::uint32_t dwords = bytes / 4 - 1; // NUMD is 0's based.
    SubmissionEntry entry;
    entry.opcode = opcode_get_log_page;
    entry.nsid = 0xFFFFFFFFU;
    entry.dword10 = page | (dwords & 0xFFFFU) << 16;
    entry.dword11 = dwords >> 16;
    entry.dword12 = static_cast<std::uint32_t>(offset);
    entry.dword13 = static_cast<std::uint32_t>(offset >> 32);
    return entry;
}

SubmissionEntry set_feature_command(std::uint8_t feature, std::uint32_t value) noexcept {
    SubmissionEntry entry;
    entry.opcode = opcode_set_features;
    entry.dword10 = feature;
    entry.dword11 = value;
    return entry;
}

SubmissionEntry get_feature_command(std::uint8_t feature) noexcept {
    SubmissionEntry entry;
    entry.opcode = opcode_get_features;
    entry.dword10 = feature;
    return entry;
}

} // namespace drivers::wire::nvme
