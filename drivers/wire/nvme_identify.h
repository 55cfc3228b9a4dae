// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Identify data structures: NVM Express Base 2.0, section 5.17.2, and NVM Command Set 1.0, 4.1.5.
namespace drivers::wire::nvme {

constexpr std::size_t identify_bytes = 4096;
using IdentifyPage = std::array<std::byte, identify_bytes>;

constexpr std::uint8_t identify_namespace = 0x00; // CNS values.
constexpr std::uint8_t identify_controller = 0x01;
constexpr std::uint8_t identify_active_namespaces = 0x02;
constexpr std::uint8_t identify_namespace_descriptors = 0x03;
constexpr std::uint8_t identify_io_command_set = 0x06;

// ONCS bits.
constexpr std::uint16_t optional_compare = 1U << 0;
constexpr std::uint16_t optional_dataset_management = 1U << 2;
constexpr std::uint16_t optional_write_zeroes = 1U << 3;
constexpr std::uint32_t namespace_event_bit = 1U << 8; // OAES and feature 0Bh, both.
constexpr std::uint32_t ana_change_event_bit = 1U << 11;

struct IdentifyController {
    std::uint16_t vendor_id = 0;
    std::string serial;                 // SN, 20 bytes
    std::string model;                  // MN, 40 bytes
    std::string firmware;               // FR, 8 bytes
    std::uint8_t multipath = 0;         // CMIC
    std::uint8_t transfer_exponent = 0; // MDTS: 2^n pages; 0 = no limit.
    std::uint16_t controller_id = 0;
    std::uint32_t version = 0;
    std::uint32_t optional_events = 0;                 // OAES
    std::uint32_t attributes = 0;                      // CTRATT
    std::uint8_t controller_type = 0;                  // 1 I/O, 2 discovery.
    std::array<std::uint16_t, 3> retry_delays_100ms{}; // CRDT1 to 3.
    std::uint8_t abort_limit = 0;                      // 0's based.
    std::uint8_t async_event_limit = 0;                // AERL, 0's based.
    std::uint8_t error_log_entries = 0;                // ELPE, 0's based.
    std::uint16_t keep_alive_granularity_100ms = 0;
    std::uint8_t ana_transition_s = 0;
    std::uint8_t ana_capabilities = 0;
    std::uint32_t ana_group_id_max = 0;
    std::uint32_t ana_group_count = 0;
    std::uint16_t commands_max = 0;
    std::uint32_t namespace_count = 0;
    std::uint16_t optional_commands = 0; // ONCS
    bool volatile_write_cache = false;
    std::uint32_t sgl_support = 0;
    std::string subsystem_nqn;
    std::uint32_t command_capsule_16_bytes = 0;   // IOCCSZ
    std::uint32_t response_capsule_16_bytes = 0;  // IORCSZ
    std::uint16_t in_capsule_offset_16_bytes = 0; // ICDOFF
    std::uint8_t fabrics_attributes = 0;          // FCATT
};
void put_identify_controller(std::span<std::byte, identify_bytes> out,
                             const IdentifyController& values) noexcept;
IdentifyController get_identify_controller(std::span<const std::byte, identify_bytes> page);

struct IdentifyNamespace {
    std::uint64_t size_blocks = 0;      // NSZE
    std::uint64_t capacity_blocks = 0;  // NCAP
    std::uint64_t used_blocks = 0;      // NUSE
    bool thin = false;                  // NSFEAT bit 0
    std::uint8_t block_exponent = 0;    // LBADS of the format in use.
    std::uint16_t metadata_bytes = 0;   // MS of the format in use.
    std::uint8_t shared = 0;            // NMIC
    std::uint8_t deallocated_reads = 0; // DLFEAT 2:0: 1 = zeroes.
    std::uint32_t ana_group = 0;
    bool write_protected = false; // NSATTR bit 0
    std::array<std::byte, 16> nguid{};
    std::array<std::byte, 8> eui64{};
};
void put_identify_namespace(std::span<std::byte, identify_bytes> out,
                            const IdentifyNamespace& values) noexcept;
// No value if the format in use is not among those listed or its block is not 512 B .. 64 KiB.
std::optional<IdentifyNamespace>
get_identify_namespace(std::span<const std::byte, identify_bytes> page) noexcept;

// Namespace Identification Descriptor list (CNS 03h): lower-case hexadecimal, empty if absent
// or all zeros, which no two namespaces would differ in.
struct NamespaceIdentifiers {
    std::string eui64;
    std::string nguid;
    std::string uuid;
};
void put_namespace_identifiers(std::span<std::byte, identify_bytes> out,
                               std::span<const std::byte, 16> nguid,
                               std::span<const std::byte, 16> uuid) noexcept;
NamespaceIdentifiers get_namespace_identifiers(std::span<const std::byte, identify_bytes> page);

// Active Namespace ID list (CNS 02h): ends at the first zero.
std::vector<std::uint32_t> get_namespace_list(std::span<const std::byte, identify_bytes> page);

std::string hexadecimal(std::span<const std::byte> bytes);

} // namespace drivers::wire::nvme
