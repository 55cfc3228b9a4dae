// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/trace/trace.h"

#include <istream>
#include <string>

namespace profiles::trace {

// Which of a request's events in the kernel is replayed.
enum class Event : std::uint8_t { queued, issued };

// Reads what blkparse(8) prints in its default format: "MAJ,MIN CPU SEQ SECONDS PID ACTION RWBS
// SECTOR + SECTORS [PROCESS]"; the summary at its end is left alone. A flush before a write (RWBS
// "FW..") becomes a flush and a write, one within it ("..WF") a write with FUA. Throws FileError.
Trace parse_blkparse(std::istream& in, const std::string& name, Event event);

} // namespace profiles::trace
