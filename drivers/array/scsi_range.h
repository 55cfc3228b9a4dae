// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/scsi_call.h"

#include <limits>

namespace drivers::array {

// The range that a command names, if it lies on the unit and is no longer than allowed; else the
// reply says why not.
std::optional<wire::scsi::BlockCdb> checked_range(ScsiCall& call, std::uint64_t bytes_max) noexcept;

// False with the reply made where the unit is write-protected, by itself or by mode page.
bool is_writable(ScsiCall& call) noexcept;

} // namespace drivers::array
