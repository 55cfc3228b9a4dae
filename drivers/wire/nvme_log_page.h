// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Log pages: NVM Express Base 2.0, section 5.16.1.
namespace drivers::wire::nvme {

constexpr std::uint8_t log_error = 0x01;
constexpr std::uint8_t log_smart = 0x02;
constexpr std::uint8_t log_changed_namespaces = 0x04;
constexpr std::uint8_t log_ana = 0x0C;
constexpr std::uint8_t log_discovery = 0x70;

// Asymmetric Namespace Access (8.1.3): the states of a group as seen through one controller.
enum class AnaState : std::uint8_t {
    optimized = 0x01,
    non_optimized = 0x02,
    inaccessible = 0x03,
    persistent_loss = 0x04,
    change = 0x0F
};
const char* ana_state_text(AnaState state) noexcept;

struct AnaGroup {
    std::uint32_t group = 0;
    AnaState state = AnaState::optimized;
    std::vector<std::uint32_t> namespaces;
};
// Page bytes, header and all, as AnaReader reads them; `changes` is the change count of the page
// and of each group.
std::vector<std::byte> make_ana_log(std::uint64_t changes, std::span<const AnaGroup> groups);

constexpr std::size_t changed_namespaces_bytes = 4096; // Up to 1024 identifiers, then zeroes.

constexpr std::size_t discovery_header_bytes = 1024;
constexpr std::size_t discovery_entry_bytes = 1024;

struct DiscoveryEntry {
    std::uint8_t subsystem_type = 2; // 2 NVM, 3 current discovery, 1 referral.
    std::uint16_t port_id = 0;
    std::string address; // TRADDR
    std::string service; // TRSVCID
    std::string subsystem_nqn;
    std::uint8_t transport = 3; // TRTYPE: 3 = TCP.
};
std::vector<std::byte> make_discovery_log(std::uint64_t generation,
                                          std::span<const DiscoveryEntry> entries);
struct DiscoveryHeader {
    std::uint64_t generation = 0;
    std::uint64_t record_count = 0;
    std::uint16_t record_format = 0;
};
DiscoveryHeader
get_discovery_header(std::span<const std::byte, discovery_header_bytes> page) noexcept;
DiscoveryEntry get_discovery_entry(std::span<const std::byte, discovery_entry_bytes> entry);

constexpr std::size_t smart_bytes = 512;
struct SmartLog {
    std::uint8_t critical_warning = 0;
    std::uint16_t temperature_kelvin = 0;
    std::uint8_t spare_percent = 100;
    std::uint8_t used_percent = 0;
    std::uint64_t data_units_read = 0; // Thousands of 512 bytes.
    std::uint64_t data_units_written = 0;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t media_errors = 0;
};
void put_smart_log(std::span<std::byte, smart_bytes> out, const SmartLog& values) noexcept;
SmartLog get_smart_log(std::span<const std::byte, smart_bytes> page) noexcept;

constexpr std::size_t error_entry_bytes = 64;
struct ErrorEntry {
    std::uint64_t count = 0; // 0 = no entry.
    std::uint16_t queue_id = 0;
    std::uint16_t command_id = 0;
    std::uint16_t status = 0;
    std::uint64_t lba = 0;
    std::uint32_t nsid = 0;
};
void put_error_entry(std::span<std::byte, error_entry_bytes> out, const ErrorEntry& entry) noexcept;
ErrorEntry get_error_entry(std::span<const std::byte, error_entry_bytes> bytes) noexcept;

} // namespace drivers::wire::nvme
