// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_log_page.h"

#include "drivers/wire/little_endian.h"

#include <algorithm>

namespace drivers::wire::nvme {

namespace {

constexpr std::size_t ana_header_bytes = 16;
constexpr std::size_t ana_group_bytes = 32;

} // namespace

const char* ana_state_text(AnaState state) noexcept {
    switch (state) {
    case AnaState::optimized:
        return "active/optimized";
    case AnaState::non_optimized:
        return "active/non-optimized";
    case AnaState::inaccessible:
        return "inaccessible";
    case AnaState::persistent_loss:
        return "persistent loss";
    case AnaState::change:
        return "transitioning";
    }
    return "unknown";
}

std::vector<std::byte> make_ana_log(std::uint64_t changes, std::span<const AnaGroup> groups) {
    std::size_t bytes = ana_header_bytes;
    for (const AnaGroup& group : groups) {
        bytes += ana_group_bytes + 4 * group.namespaces.size();
    }
    std::vector<std::byte> page(bytes);
    put_le(std::span(page), 0, changes);
    put_le(std::span(page), 8, static_cast<std::uint16_t>(groups.size()));
    std::size_t at = ana_header_bytes;
    for (const AnaGroup& group : groups) {
        const auto entry = std::span(page).subspan(at);
        put_le(entry, 0, group.group);
        put_le(entry, 4, static_cast<std::uint32_t>(group.namespaces.size()));
        put_le(entry, 8, changes);
        put_le(entry, 16, static_cast<std::uint8_t>(group.state));
        for (std::size_t i = 0; i < group.namespaces.size(); ++i) {
            put_le(entry, ana_group_bytes + 4 * i, group.namespaces[i]);
        }
        at += ana_group_bytes + 4 * group.namespaces.size();
    }
    return page;
}

std::vector<std::byte> make_discovery_log(std::uint64_t generation,
                                          std::span<const DiscoveryEntry> entries) {
    std::vector<std::byte> page(discovery_header_bytes + entries.size() * discovery_entry_bytes);
    put_le(std::span(page), 0, generation);
    put_le(std::span(page), 8, static_cast<std::uint64_t>(entries.size()));
    std::size_t at = discovery_header_bytes;
    for (const DiscoveryEntry& entry : entries) {
        const auto out = std::span(page).subspan(at, discovery_entry_bytes);
        put_le(out, 0, entry.transport);
        const bool is_ipv6 = entry.address.find(':') != std::string::npos;
        put_le<std::uint8_t>(out, 1, is_ipv6 ? 2 : 1); // ADRFAM
        put_le(out, 2, entry.subsystem_type);
        put_le<std::uint8_t>(out, 3, 2); // TREQ: secure channel not required.
        put_le(out, 4, entry.port_id);
        put_le<std::uint16_t>(out, 6, 0xFFFF); // CNTLID: dynamic.
        put_le<std::uint16_t>(out, 8, 32);     // ASQSZ
        put_text(out.subspan(32, 32), entry.service, ' ');
        put_text(out.subspan(256, 256), entry.subsystem_nqn, '\0');
        put_text(out.subspan(512, 256), entry.address, ' ');
        at += discovery_entry_bytes;
    }
    return page;
}

DiscoveryHeader
get_discovery_header(std::span<const std::byte, discovery_header_bytes> page) noexcept {
    return {.generation = get_le<std::uint64_t>(page, 0),
            .record_count = get_le<std::uint64_t>(page, 8),
            .record_format = get_le<std::uint16_t>(page, 16)};
}

DiscoveryEntry get_discovery_entry(std::span<const std::byte, discovery_entry_bytes> entry) {
    return {.subsystem_type = get_le<std::uint8_t>(entry, 2),
            .port_id = get_le<std::uint16_t>(entry, 4),
            .address = get_text(entry.subspan(512, 256)),
            .service = get_text(entry.subspan(32, 32)),
            .subsystem_nqn = get_text(entry.subspan(256, 256)),
            .transport = get_le<std::uint8_t>(entry, 0)};
}

void put_smart_log(std::span<std::byte, smart_bytes> out, const SmartLog& values) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    put_le(out, 0, values.critical_warning);
    put_le(out, 1, values.temperature_kelvin);
    put_le(out, 3, values.spare_percent);
    put_le<std::uint8_t>(out, 4, 10); // Spare threshold in per cent.
    put_le(out, 5, values.used_percent);
    put_le(out, 32, values.data_units_read);
    put_le(out, 48, values.data_units_written);
    put_le(out, 64, values.reads);
    put_le(out, 80, values.writes);
    put_le(out, 160, values.media_errors);
}

SmartLog get_smart_log(std::span<const std::byte, smart_bytes> page) noexcept {
    return {.critical_warning = get_le<std::uint8_t>(page, 0),
            .temperature_kelvin = get_le<std::uint16_t>(page, 1),
            .spare_percent = get_le<std::uint8_t>(page, 3),
            .used_percent = get_le<std::uint8_t>(page, 5),
            .data_units_read = get_le<std::uint64_t>(page, 32),
            .data_units_written = get_le<std::uint64_t>(page, 48),
            .reads = get_le<std::uint64_t>(page, 64),
            .writes = get_le<std::uint64_t>(page, 80),
            .media_errors = get_le<std::uint64_t>(page, 160)};
}

void put_error_entry(std::span<std::byte, error_entry_bytes> out,
                     const ErrorEntry& entry) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    put_le(out, 0, entry.count);
    put_le(out, 8, entry.queue_id);
    put_le(out, 10, entry.command_id);
    put_le(out, 12, entry.status);
    put_le<std::uint16_t>(out, 14, 0xFFFF); // No parameter named.
    put_le(out, 16, entry.lba);
    put_le(out, 24, entry.nsid);
}

ErrorEntry get_error_entry(std::span<const std::byte, error_entry_bytes> bytes) noexcept {
    return {.count = get_le<std::uint64_t>(bytes, 0),
            .queue_id = get_le<std::uint16_t>(bytes, 8),
            .command_id = get_le<std::uint16_t>(bytes, 10),
            .status = get_le<std::uint16_t>(bytes, 12),
            .lba = get_le<std::uint64_t>(bytes, 16),
            .nsid = get_le<std::uint32_t>(bytes, 24)};
}

} // namespace drivers::wire::nvme
