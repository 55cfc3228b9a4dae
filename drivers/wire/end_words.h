// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace drivers::wire {

// What the `sense` of a completion means, in the words of its standard: "RESERVATION CONFLICT",
// "MEDIUM ERROR: unrecovered read error"; a SCSI sense, a SCSI status << 24 or an NVMe status
// (SCT << 8 | SC). Empty for 0.
std::string end_words(std::uint32_t sense);

// The number as its standard writes it, and its words: "sense 031100 (MEDIUM ERROR: unrecovered
// read error)" with sense key, ASC and ASCQ, "SCSI status 18 (RESERVATION CONFLICT)", "NVMe status
// 2/81 (Unrecovered Read Error)" with SCT and SC.
std::string sense_text(std::uint32_t sense);

} // namespace drivers::wire
