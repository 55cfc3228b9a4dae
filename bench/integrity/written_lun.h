// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/expectation.h"
#include "drivers/api/lun_mark.h"

#include <string>

namespace bench::integrity {

// By what an expectation knows its LUN: the unique id, or where there is none the serial.
std::string written_name(const drivers::LunMark& lun);

// Whether it is of this LUN. Earlier formats kept nothing of one without a unique id.
bool is_of_lun(const ExpectationSettings& written, const drivers::LunMark& lun);

// Whether what was written to a LUN is where it was, now that it has this geometry; `file` is for
// messages. A LUN that has grown holds it as it did: returned is a sentence that says so, else
// nothing. Throws SafetyError, naming both geometries, where the LUN has shrunk or has other
// blocks: what is read there would be held against the wrong address. Of an expectation that keeps
// no geometry, as earlier formats did, only that its bytes and writes have a place there.
std::string growth_since_written(const ExpectationSettings& written,
                                 const std::string& file,
                                 const drivers::LunMark& now);

} // namespace bench::integrity
