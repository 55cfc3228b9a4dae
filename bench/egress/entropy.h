// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"

namespace bench::egress {

// Shannon entropy of the bytes' frequencies: 0 to 8 bits a byte. 0 when empty.
double entropy_bits(drivers::wire::Bytes bytes);

} // namespace bench::egress
