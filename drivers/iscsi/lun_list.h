// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_report.h"
#include "drivers/iscsi/lun_facts.h"

#include <optional>
#include <string>
#include <vector>

namespace drivers::iscsi {

// One of a target's LUNs, as far as it tells.
struct ListedLun {
    std::string name;                    // "5", or its field where no URL can name it.
    std::optional<std::uint16_t> number; // As a URL names it.
    std::string type;                    // "a disk", ...; empty = not told.
    Identity identity;
    Geometry geometry; // 0 blocks of 0 bytes: not told.
    std::string note;  // Why something is not told.
};

struct LunListing {
    std::vector<ListedLun> luns;
    std::string note; // What is missing from the list; empty = nothing.
};

// All LUNs of the target by REPORT LUNS, well known ones too. Throws ArrayError: no session, or the
// target does not say.
LunListing list_luns(const SessionSettings& settings,
                     const Clock& clock,
                     Duration login_timeout,
                     const AskLimits& limits);

struct SerialSharers {
    std::vector<std::string> names; // Of LUNs that have this serial, or may have it.
    std::size_t asked = 0;          // Other LUNs, whether there was one or not.
};

// The other LUNs of the target that have a serial, or may have it: one that cannot be told apart
// from all others names no LUN. A target need not list what it has, so those nearby that it does
// not list (0 to 15, and eight on each side) are asked directly, by both ways to address them.
// Throws ArrayError: no session, or one of them does not answer.
SerialSharers luns_with_serial(const SessionSettings& settings,
                               const Clock& clock,
                               Duration login_timeout,
                               const AskLimits& limits,
                               const std::string& serial);

} // namespace drivers::iscsi
