// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace drivers::array {

enum class PortalTransport : std::uint8_t { iscsi, nvme_tcp };

struct ChapSettings { // Empty user: nobody has to prove anything.
    std::string user;
    std::string secret;
    std::string mutual_user;
    std::string mutual_secret;
};

// One door of one controller, whichever protocol it speaks.
struct PortalSettings {
    PortalTransport transport = PortalTransport::iscsi;
    std::uint16_t controller = 0;
    std::string name;                   // IQN or NQN.
    std::string listen = "127.0.0.1:0"; // Port 0: any free one.
    std::string advertise;              // What discovery answers; empty = where it listens.
    std::uint16_t group_tag = 1;        // iSCSI target portal group; NVMe port id.
    std::string model;                  // NVMe model number.
    ChapSettings chap;
};

} // namespace drivers::array
