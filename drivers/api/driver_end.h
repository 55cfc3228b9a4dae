// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/api/errors.h"

#include <string>

namespace drivers {

// Nothing may be written any more to what answers there, by this driver or by a new one.
inline bool forbids_writing(DriverEnd end) noexcept {
    return end == DriverEnd::another_lun || end == DriverEnd::less_secure;
}

// A driver's end as the error that it is: SafetyError, ProtocolError or ArrayError, with `what`.
// Returns where there was none.
inline void throw_end(DriverEnd end, const std::string& what) {
    if (forbids_writing(end)) {
        throw SafetyError(what);
    }
    if (end == DriverEnd::broke_protocol) {
        throw ProtocolError(what);
    }
    if (end != DriverEnd::none) {
        throw ArrayError(what);
    }
}

} // namespace drivers
