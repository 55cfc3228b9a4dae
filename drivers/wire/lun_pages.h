// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What a LUN says of itself, read from bytes of any length and content: a field that lies beyond
// the end is absent.
namespace drivers::wire::scsi {

struct InquiryData { // SPC-5 6.7.2
    std::uint8_t device_type = 0x1f;
    std::uint8_t qualifier = 0;
    std::uint8_t port_group_support = 0; // TPGS: bit 0 implicit, bit 1 explicit ALUA.
    std::string vendor;
    std::string product;
    std::string revision;
};
std::optional<InquiryData> parse_inquiry(Bytes bytes);

std::string parse_serial(Bytes page); // VPD 0x80, SPC-5 7.7.20

struct DeviceIds { // VPD 0x83, SPC-5 7.7.6
    // The LUN's NAA-6, else EUI-64, other NAA, UUID, SCSI name, T10 vendor id; lower-case
    // hexadecimal. One of nothing but zeroes is none.
    std::string unique_id;
    std::optional<std::uint16_t> port_group;
    std::optional<std::uint16_t> relative_port;
};
DeviceIds parse_device_ids(Bytes page);

struct BlockLimits { // VPD 0xB0, SBC-4 6.6.4; in blocks, 0 = not stated.
    std::uint32_t transfer_max = 0;
    std::uint32_t transfer_optimal = 0;
    std::uint32_t transfer_granularity = 0;
    std::uint32_t unmap_max = 0;
    std::uint32_t unmap_descriptors_max = 0;
    std::uint32_t unmap_granularity = 0;
    std::uint64_t write_same_max = 0;
    std::uint8_t compare_and_write_max = 0;
};
std::optional<BlockLimits> parse_block_limits(Bytes page);

struct Provisioning {              // VPD 0xB2, SBC-4 6.6.6
    bool unmap = false;            // LBPU
    bool write_same_unmap = false; // LBPWS
    std::uint8_t type = 0;         // 1 = full, 2 = thin
};
std::optional<Provisioning> parse_provisioning(Bytes page);

struct Capacity { // READ CAPACITY(16) and (10), SBC-4 5.20 and 5.19; any block size.
    std::uint64_t block_count = 0;
    std::uint32_t block_bytes = 0;
    std::uint8_t physical_exponent = 0; // Logical blocks per physical block, power of two.
    bool thin = false;                  // LBPME
    bool unmapped_reads_zero = false;   // LBPRZ
};
std::optional<Capacity> parse_capacity(Bytes bytes);
std::optional<Capacity> parse_capacity_10(Bytes bytes);

struct CacheMode { // MODE SENSE(10) with the caching page, SPC-5 7.5.7 and SBC-4 6.5.6
    bool write_protected = false;
    bool write_cache = false;
};
std::optional<CacheMode> parse_cache_mode(Bytes bytes);

struct PortGroup { // REPORT TARGET PORT GROUPS, SPC-5 6.36
    std::uint16_t id = 0;
    std::uint8_t state = 0;
    bool preferred = false;
    std::vector<std::uint16_t> relative_ports;
};
std::vector<PortGroup> parse_port_groups(Bytes bytes);
const char* access_state_name(std::uint8_t state) noexcept;

// PERSISTENT RESERVE IN, READ RESERVATION (SPC-5 6.15.3): the holder's key in hexadecimal; empty =
// not reserved.
std::string parse_reservation(Bytes bytes);

} // namespace drivers::wire::scsi
