// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/nvme_command.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

// Fabrics commands: NVM Express Base Specification 2.0, section 6.
namespace drivers::wire::nvme {

constexpr std::uint8_t fabrics_property_set = 0x00;
constexpr std::uint8_t fabrics_connect = 0x01;
constexpr std::uint8_t fabrics_property_get = 0x04;
constexpr std::uint8_t fabrics_authentication_send = 0x05;
constexpr std::uint8_t fabrics_authentication_receive = 0x06;

// Controller properties (Base 3.1.3).
constexpr std::uint32_t property_capabilities = 0x00; // CAP, 8 bytes
constexpr std::uint32_t property_version = 0x08;
constexpr std::uint32_t property_configuration = 0x14; // CC
constexpr std::uint32_t property_status = 0x1C;        // CSTS

constexpr std::uint32_t configuration_enable = 1U << 0;
constexpr std::uint32_t configuration_shutdown_mask = 3U << 14;
constexpr std::uint32_t configuration_shutdown_normal = 1U << 14;
constexpr std::uint32_t configuration_entry_sizes = 6U << 16 | 4U << 20; // 64 and 16 bytes.
constexpr std::uint32_t status_ready = 1U << 0;
constexpr std::uint32_t status_fatal = 1U << 1;
constexpr std::uint32_t status_shutdown_mask = 3U << 2;
constexpr std::uint32_t status_shutdown_complete = 2U << 2;

constexpr std::size_t connect_data_bytes = 1024;
constexpr std::size_t nqn_bytes_max = 223;
constexpr std::uint16_t any_controller = 0xFFFF; // Dynamic controller model.
constexpr const char* discovery_nqn = "nqn.2014-08.org.nvmexpress.discovery";

// Connect (Base 6.3): command fields and the 1,024 bytes of data that come with them.
struct Connect {
    std::uint16_t queue_id = 0;
    std::uint16_t queue_entries = 0; // SQSIZE + 1.
    std::uint8_t attributes = 0;
    std::uint32_t keep_alive_ms = 0;
    std::uint16_t record_format = 0;
};
SubmissionEntry connect_command(const Connect& values) noexcept;
Connect get_connect(const SubmissionEntry& entry) noexcept;

struct ConnectData {
    std::array<std::byte, 16> host_id{};
    std::uint16_t controller_id = any_controller;
    std::string subsystem_nqn;
    std::string host_nqn;
};
void put_connect_data(std::span<std::byte, connect_data_bytes> out,
                      const ConnectData& values) noexcept;
constexpr std::uint32_t connect_controller_at = 16; // Offsets in the data ...
constexpr std::uint32_t connect_subsystem_at = 256;
constexpr std::uint32_t connect_host_at = 512;
constexpr std::uint32_t connect_queue_id_at = 42; // ... and in the command.
constexpr std::uint32_t connect_queue_size_at = 44;
// Where the first name stands that does not end inside its field or is longer than an NQN may be;
// 0: both are sound. A host may leave its own name empty, as some do, not the subsystem's.
std::uint32_t unsound_name_at(std::span<const std::byte, connect_data_bytes> data) noexcept;
// No value if a name is unsound.
std::optional<ConnectData> get_connect_data(std::span<const std::byte, connect_data_bytes> data);

SubmissionEntry property_get_command(std::uint32_t offset, bool eight_bytes) noexcept;
SubmissionEntry property_set_command(std::uint32_t offset, std::uint32_t value) noexcept;
// In-band authentication messages travel as security protocol E9h (Base 8.13.1).
SubmissionEntry authentication_command(std::uint8_t type, std::uint32_t bytes) noexcept;

inline std::uint8_t fabrics_type(const SubmissionEntry& entry) noexcept {
    return static_cast<std::uint8_t>(entry.nsid & 0xFFU);
}

} // namespace drivers::wire::nvme
