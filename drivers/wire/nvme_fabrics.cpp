// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_fabrics.h"

#include "drivers/wire/little_endian.h"

#include <algorithm>

namespace drivers::wire::nvme {

namespace {

constexpr std::size_t nqn_field_bytes = 256;

SubmissionEntry fabrics_command(std::uint8_t type) noexcept {
    SubmissionEntry entry;
    entry.opcode = opcode_fabrics;
    entry.nsid = type;
    return entry;
}

bool is_name(std::span<const std::byte> field, std::size_t bytes_min) noexcept {
    const auto end = std::find(field.begin(), field.end(), std::byte{0});
    const auto length = static_cast<std::size_t>(end - field.begin());
    return end != field.end() && length >= bytes_min && length <= nqn_bytes_max;
}

} // namespace

SubmissionEntry connect_command(const Connect& values) noexcept {
    SubmissionEntry entry = fabrics_command(fabrics_connect);
    entry.dword10 = values.record_format | std::uint32_t{values.queue_id} << 16;
    entry.dword11 = static_cast<std::uint32_t>(values.queue_entries - 1) & 0xFFFFU;
    entry.dword11 |= std::uint32_t{values.attributes} << 16;
    entry.dword12 = values.keep_alive_ms;
    return entry;
}

Connect get_connect(const SubmissionEntry& entry) noexcept {
    return {.queue_id = static_cast<std::uint16_t>(entry.dword10 >> 16),
            .queue_entries = static_cast<std::uint16_t>((entry.dword11 & 0xFFFFU) + 1),
            .attributes = static_cast<std::uint8_t>(entry.dword11 >> 16),
            .keep_alive_ms = entry.dword12,
            .record_format = static_cast<std::uint16_t>(entry.dword10)};
}

void put_connect_data(std::span<std::byte, connect_data_bytes> out,
                      const ConnectData& values) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    std::copy(values.host_id.begin(), values.host_id.end(), out.begin());
    put_le(out, 16, values.controller_id);
    put_text(out.subspan(connect_subsystem_at, nqn_bytes_max), values.subsystem_nqn, '\0');
    put_text(out.subspan(connect_host_at, nqn_bytes_max), values.host_nqn, '\0');
}

std::uint32_t unsound_name_at(std::span<const std::byte, connect_data_bytes> data) noexcept {
    if (!is_name(data.subspan(connect_subsystem_at, nqn_field_bytes), 1)) {
        return connect_subsystem_at;
    }
    return is_name(data.subspan(connect_host_at, nqn_field_bytes), 0) ? 0 : connect_host_at;
}

std::optional<ConnectData> get_connect_data(std::span<const std::byte, connect_data_bytes> data) {
    const auto subsystem = data.subspan(connect_subsystem_at, nqn_field_bytes);
    const auto host = data.subspan(connect_host_at, nqn_field_bytes);
    if (unsound_name_at(data) != 0) {
        return std::nullopt;
    }
    ConnectData values;
    std::copy_n(data.begin(), values.host_id.size(), values.host_id.begin());
    values.controller_id = get_le<std::uint16_t>(data, 16);
    values.subsystem_nqn = get_text(subsystem);
    values.host_nqn = get_text(host);
    return values;
}

SubmissionEntry property_get_command(std::uint32_t offset, bool eight_bytes) noexcept {
    SubmissionEntry entry = fabrics_command(fabrics_property_get);
    entry.dword10 = eight_bytes ? 1 : 0;
    entry.dword11 = offset;
    return entry;
}

SubmissionEntry property_set_command(std::uint32_t offset, std::uint32_t value) noexcept {
    SubmissionEntry entry = fabrics_command(fabrics_property_set);
    entry.dword11 = offset;
    entry.dword12 = value;
    return entry;
}

SubmissionEntry authentication_command(std::uint8_t type, std::uint32_t bytes) noexcept {
    constexpr std::uint32_t protocol = 0x01U << 8 | 0x01U << 16 | 0xE9U << 24; // SPSP0, SPSP1, SECP
    SubmissionEntry entry = fabrics_command(type);
    entry.dword10 = protocol;
    entry.dword11 = bytes;
    return entry;
}

} // namespace drivers::wire::nvme
