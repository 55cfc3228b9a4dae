// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/wire/nvme_tcp_pdu.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace drivers::nvme_tcp {

// Where a subsystem is and how to behave towards it.
struct Settings {
    std::string host;
    std::uint16_t port = 4420;
    std::string subsystem_nqn;
    std::uint32_t nsid = 1;
    std::string host_nqn; // Empty: one made from this machine's identity.
    std::array<std::byte, 16> host_id{};

    std::uint16_t depth = 128; // Requests in flight at once, 1 .. 1023.
    wire::nvme::Digests digests;
    Duration keep_alive = std::chrono::seconds(15); // 0 = none.
    Duration command_timeout = std::chrono::seconds(30);
    Duration abort_timeout = std::chrono::seconds(5); // After this an abort has failed.
    Duration connect_timeout = std::chrono::seconds(10);
    bool reconnects = true;
    Duration reconnect_timeout =
        std::chrono::seconds(60); // How long a lost association is hoped for.
    // How long the controller may put a command off (interrupted, not ready, ANA transition) ...
    Duration ready_timeout = std::chrono::seconds(30);
    bool has_other_paths = false; // ... but for ANA, which the others may be spared.

    // In-band authentication (DH-HMAC-CHAP), "DHHC-1:..."; empty = none.
    std::string host_secret;
    std::string controller_secret; // Set: the controller must prove itself, too.
};

} // namespace drivers::nvme_tcp
