// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/trace/trace.h"

#include <istream>
#include <ostream>
#include <span>
#include <string>

namespace profiles::trace {

// Reads fio's I/O log, version 2 ("FILE ACTION OFFSET LENGTH", waits in microseconds after the one
// before, as its manual says) or 3 ("TIME FILE ACTION ...", microseconds from the start). Syncs of
// every kind become flushes, trims unmaps. Throws FileError.
Trace parse_iolog(std::istream& in, const std::string& name);

// What an iolog calls the one file that it is about.
struct IologTarget {
    std::string file_name; // Without blanks; fio opens it, or what --replay_redirect says.
    std::uint32_t version = 3;
};

// Writes accesses (ordered by time, from zero) so that fio can replay them: its format has no FUA,
// so a write with it becomes a write and a datasync. Version 2 carries an order and no instants.
void write_iolog(std::ostream& out, std::span<const Record> records, const IologTarget& target);

} // namespace profiles::trace
