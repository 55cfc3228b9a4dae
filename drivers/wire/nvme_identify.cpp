// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_identify.h"

#include "drivers/wire/little_endian.h"

#include <algorithm>

namespace drivers::wire::nvme {

namespace {

using Page = std::span<std::byte, identify_bytes>;
using ConstPage = std::span<const std::byte, identify_bytes>;

constexpr std::uint8_t identifier_eui64 = 1; // NIDT
constexpr std::uint8_t identifier_nguid = 2;
constexpr std::uint8_t identifier_uuid = 3;
constexpr std::size_t block_formats_at = 128;
constexpr std::uint8_t block_exponent_min = 9;
constexpr std::uint8_t block_exponent_max = 16;

std::uint8_t byte_at(ConstPage page, std::size_t at) noexcept {
    return std::to_integer<std::uint8_t>(page[at]);
}

std::size_t put_identifier(Page out,
                           std::size_t at,
                           std::uint8_t type,
                           std::span<const std::byte> identifier) noexcept {
    constexpr std::size_t header_bytes = 4;
    out[at] = std::byte{type};
    out[at + 1] = static_cast<std::byte>(identifier.size());
    std::copy(identifier.begin(),
              identifier.end(),
              out.begin() + static_cast<std::ptrdiff_t>(at + header_bytes));
    return at + header_bytes + identifier.size();
}

} // namespace

void put_identify_controller(Page out, const IdentifyController& values) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    put_le(out, 0, values.vendor_id);
    put_le(out, 2, values.vendor_id); // SSVID
    put_text(out.subspan(4, 20), values.serial, ' ');
    put_text(out.subspan(24, 40), values.model, ' ');
    put_text(out.subspan(64, 8), values.firmware, ' ');
    put_le(out, 76, values.multipath);
    put_le(out, 77, values.transfer_exponent);
    put_le(out, 78, values.controller_id);
    put_le(out, 80, values.version);
    put_le(out, 92, values.optional_events);
    put_le(out, 96, values.attributes);
    put_le(out, 111, values.controller_type);
    for (std::size_t i = 0; i < values.retry_delays_100ms.size(); ++i) {
        put_le(out, 128 + 2 * i, values.retry_delays_100ms[i]);
    }
    put_le(out, 258, values.abort_limit);
    put_le(out, 259, values.async_event_limit);
    put_le(out, 262, values.error_log_entries);
    put_le(out, 320, values.keep_alive_granularity_100ms);
    put_le(out, 342, values.ana_transition_s);
    put_le(out, 343, values.ana_capabilities);
    put_le(out, 344, values.ana_group_id_max);
    put_le(out, 348, values.ana_group_count);
    put_le<std::uint8_t>(out, 512, 0x66); // SQES: 64 bytes
    put_le<std::uint8_t>(out, 513, 0x44); // CQES: 16 bytes
    put_le(out, 514, values.commands_max);
    put_le(out, 516, values.namespace_count);
    put_le(out, 520, values.optional_commands);
    put_le<std::uint8_t>(out, 525, values.volatile_write_cache ? 1 : 0);
    put_le(out, 536, values.sgl_support);
    put_le(out, 540, values.namespace_count); // MNAN: with ANA it must not be 0.
    put_text(out.subspan(768, 256), values.subsystem_nqn, '\0');
    put_le(out, 1792, values.command_capsule_16_bytes);
    put_le(out, 1796, values.response_capsule_16_bytes);
    put_le(out, 1800, values.in_capsule_offset_16_bytes);
    put_le(out, 1802, values.fabrics_attributes);
    put_le<std::uint8_t>(out, 1803, 1); // MSDBD: one SGL descriptor
}

IdentifyController get_identify_controller(ConstPage page) {
    return {.vendor_id = get_le<std::uint16_t>(page, 0),
            .serial = get_text(page.subspan(4, 20)),
            .model = get_text(page.subspan(24, 40)),
            .firmware = get_text(page.subspan(64, 8)),
            .multipath = byte_at(page, 76),
            .transfer_exponent = byte_at(page, 77),
            .controller_id = get_le<std::uint16_t>(page, 78),
            .version = get_le<std::uint32_t>(page, 80),
            .optional_events = get_le<std::uint32_t>(page, 92),
            .attributes = get_le<std::uint32_t>(page, 96),
            .controller_type = byte_at(page, 111),
            .retry_delays_100ms = {get_le<std::uint16_t>(page, 128),
                                   get_le<std::uint16_t>(page, 130),
                                   get_le<std::uint16_t>(page, 132)},
            .abort_limit = byte_at(page, 258),
            .async_event_limit = byte_at(page, 259),
            .error_log_entries = byte_at(page, 262),
            .keep_alive_granularity_100ms = get_le<std::uint16_t>(page, 320),
            .ana_transition_s = byte_at(page, 342),
            .ana_capabilities = byte_at(page, 343),
            .ana_group_id_max = get_le<std::uint32_t>(page, 344),
            .ana_group_count = get_le<std::uint32_t>(page, 348),
            .commands_max = get_le<std::uint16_t>(page, 514),
            .namespace_count = get_le<std::uint32_t>(page, 516),
            .optional_commands = get_le<std::uint16_t>(page, 520),
            .volatile_write_cache = (byte_at(page, 525) & 1) != 0,
            .sgl_support = get_le<std::uint32_t>(page, 536),
            .subsystem_nqn = get_text(page.subspan(768, 256)),
            .command_capsule_16_bytes = get_le<std::uint32_t>(page, 1792),
            .response_capsule_16_bytes = get_le<std::uint32_t>(page, 1796),
            .in_capsule_offset_16_bytes = get_le<std::uint16_t>(page, 1800),
            .fabrics_attributes = byte_at(page, 1802)};
}

void put_identify_namespace(Page out, const IdentifyNamespace& values) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    put_le(out, 0, values.size_blocks);
    put_le(out, 8, values.capacity_blocks);
    put_le(out, 16, values.used_blocks);
    put_le<std::uint8_t>(out, 24, values.thin ? 1 : 0);
    put_le(out, 30, values.shared);
    put_le(out, 33, values.deallocated_reads);
    put_le(out, 92, values.ana_group);
    put_le<std::uint8_t>(out, 99, values.write_protected ? 1 : 0);
    std::copy(values.nguid.begin(), values.nguid.end(), out.begin() + 104);
    std::copy(values.eui64.begin(), values.eui64.end(), out.begin() + 120);
    put_le(out, block_formats_at, values.metadata_bytes);
    put_le(out, block_formats_at + 2, values.block_exponent);
}

std::optional<IdentifyNamespace> get_identify_namespace(ConstPage page) noexcept {
    const unsigned format_bits = byte_at(page, 26);
    const std::size_t format = (format_bits & 0xFU) | (format_bits & 0x60U) >> 1;
    const std::size_t at = block_formats_at + 4 * format;
    IdentifyNamespace values{.size_blocks = get_le<std::uint64_t>(page, 0),
                             .capacity_blocks = get_le<std::uint64_t>(page, 8),
                             .used_blocks = get_le<std::uint64_t>(page, 16),
                             .thin = (byte_at(page, 24) & 1) != 0,
                             .shared = byte_at(page, 30),
                             .deallocated_reads = static_cast<std::uint8_t>(byte_at(page, 33) & 7),
                             .ana_group = get_le<std::uint32_t>(page, 92),
                             .write_protected = (byte_at(page, 99) & 1) != 0};
    std::copy_n(page.begin() + 104, values.nguid.size(), values.nguid.begin());
    std::copy_n(page.begin() + 120, values.eui64.size(), values.eui64.begin());
    values.metadata_bytes = get_le<std::uint16_t>(page, at);
    values.block_exponent = byte_at(page, at + 2);
    if (format > byte_at(page, 25) || values.block_exponent < block_exponent_min ||
        values.block_exponent > block_exponent_max) {
        return std::nullopt;
    }
    return values;
}

void put_namespace_identifiers(Page out,
                               std::span<const std::byte, 16> nguid,
                               std::span<const std::byte, 16> uuid) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    const std::size_t at = put_identifier(out, 0, identifier_nguid, nguid);
    put_identifier(out, at, identifier_uuid, uuid);
}

NamespaceIdentifiers get_namespace_identifiers(ConstPage page) {
    NamespaceIdentifiers found;
    std::size_t at = 0;
    while (at + 4 <= page.size()) {
        const std::uint8_t type = byte_at(page, at);
        const std::size_t bytes = byte_at(page, at + 1);
        at += 4;
        if (bytes == 0 || at + bytes > page.size()) {
            break;
        }
        const auto identifier = page.subspan(at, bytes);
        const bool is_empty = std::all_of( // As in Identify Namespace: it has none.
            identifier.begin(),
            identifier.end(),
            [](std::byte one) { return one == std::byte{0}; });
        const std::string text = is_empty ? "" : hexadecimal(identifier);
        if (type == identifier_eui64 && bytes == 8) {
            found.eui64 = text;
        } else if (type == identifier_nguid && bytes == 16) {
            found.nguid = text;
        } else if (type == identifier_uuid && bytes == 16) {
            found.uuid = text;
        }
        at += bytes;
    }
    return found;
}

std::vector<std::uint32_t> get_namespace_list(ConstPage page) {
    std::vector<std::uint32_t> list;
    for (std::size_t at = 0; at < page.size(); at += 4) {
        const auto nsid = get_le<std::uint32_t>(page, at);
        if (nsid == 0) {
            break;
        }
        list.push_back(nsid);
    }
    return list;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text.push_back(digits[std::to_integer<unsigned>(byte) >> 4]);
        text.push_back(digits[std::to_integer<unsigned>(byte) & 0xF]);
    }
    return text;
}

} // namespace drivers::wire::nvme
