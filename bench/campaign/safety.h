// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lun_names.h"
#include "drivers/api/block_driver.h"
#include "drivers/api/lun_report.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::campaign {

// On whose word a LUN may be written to.
struct WritePermission {
    // As names_lun takes them: of emulated arrays that this run started itself, or as the user
    // named them with --destroy (and, for a campaign, in the plan too).
    std::vector<std::string> identities;
    bool overwrite_data = false; // --overwrite-data: what lies there, or who holds it, is known.
    std::uint64_t seed = 1;      // Decides which blocks are looked at.
};

// Throws SafetyError unless the LUN is one of those named and carries nobody's data: no partition
// table, file system, VMFS, LVM or RAID signature, no reservation by another, and in 256 sampled
// blocks nothing but zeros and this bench's own stamps. Reads; writes nothing.
void check_may_write(drivers::BlockDriver& driver,
                     const drivers::LunReport& report,
                     const WritePermission& permission);

} // namespace bench::campaign
