// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drivers {

// How one portal stands to the LUN: ALUA (SPC-5 6.36) or ANA (NVMe Base 8.1) state.
struct PathReport {
    std::string portal; // host:port
    std::string state; // "active/optimized", "active/non-optimized", "standby", "inaccessible", ...
    std::uint32_t group = 0;
    bool preferred = false;
    std::string problem = {}; // Why nobody answers there; empty = somebody does.
};

// What `probe` prints and what safety looks at: everything a LUN says of itself without being
// written to.
struct LunReport {
    std::string url; // Without secrets.
    Identity identity;
    Geometry geometry;
    bool thin = false;
    bool write_cache = false;
    bool write_protected = false;
    std::string reserved_by; // Key of another initiator's reservation; empty = none.
    std::string in_use;      // What this host itself does with it (a mount, LVM); empty = nothing.
    // Other LUNs of the same target that say the same serial ("LUN 2", "namespace 7"), as far as
    // was looked: where there is one, the serial is the array's and names no LUN.
    std::vector<std::string> serial_shared_with;
    // How many other LUNs of the target were asked whether they say it, too; none: nobody was.
    std::optional<std::size_t> serial_compared_with;
    std::vector<std::string> other_ids; // Further unique ids of the LUN's own: EUI-64, UUID, NAA.
    std::vector<PathReport> paths;
    std::vector<std::pair<std::string, std::string>>
        limits; // Unmap and write-same limits, MDTS, ...
    std::vector<std::pair<std::string, std::string>>
        negotiated; // Transport keys as agreed at login.
};

// What a LUN without a unique id is known by, and how sure that is; empty = it has a unique id.
inline std::string serial_words(const LunReport& report) {
    if (!report.identity.unique_id.empty()) {
        return {};
    }
    if (report.identity.serial.empty()) {
        return "neither a unique id nor a serial";
    }
    if (!report.serial_shared_with.empty()) {
        return "its serial names no LUN: it is also that of " + report.serial_shared_with.front();
    }
    return report.serial_compared_with ? "its serial; no other LUN seen on this target has it, " +
                                             std::to_string(*report.serial_compared_with) + " asked"
                                       : "its serial";
}

} // namespace drivers
