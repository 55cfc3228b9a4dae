// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace drivers::array {

// One NVM subsystem: a name, who it says it is, and which of the array's volumes are its
// namespaces.
struct NvmeSubsystemSettings {
    std::string nqn;
    std::string model = "arraybench";
    std::vector<std::uint16_t> luns; // NSID 1 is the first; empty = all volumes of the array.
    std::string host_secret;         // "DHHC-1:...": a host must prove it; empty = none need to.
    std::string controller_secret;   // What the controller proves itself with, if a host asks.
};

// One NVMe/TCP door of one controller.
struct NvmePortalSettings {
    std::uint16_t controller = 0;
    std::string listen = "127.0.0.1:0";
    std::string advertise; // host:port that discovery answers; empty = where it listens.
    std::uint16_t port_id = 1;
    std::vector<NvmeSubsystemSettings> subsystems;

    std::uint32_t in_capsule_bytes = 8192;
    std::uint32_t data_pdu_bytes_max = 1U << 20U; // MAXH2CDATA.
    std::uint8_t transfer_exponent = 8;           // MDTS: 2^8 pages of 4 KiB.
    std::uint16_t queue_entries_max = 1024;
    std::uint16_t io_queues_max = 64;
    bool header_digest = true; // Granted to a host that asks.
    bool data_digest = true;
};

} // namespace drivers::array
