// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <string>

namespace bench::campaign {

// What libblkid knows the LUN's first 4 MiB and last 1 MiB for: "a gpt partition table", "an ext4
// filesystem"; empty = nothing. Reads a copy in memory, so it works over any transport. Throws
// ArrayError if the LUN cannot be read, HostError if the copy cannot be made.
std::string find_signature(drivers::BlockDriver& driver);

} // namespace bench::campaign
