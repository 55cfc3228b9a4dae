// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_mark.h"

#include <optional>
#include <string>
#include <string_view>

namespace bench::plan {

// A LUN's mark as one word of a command line, "BLOCKSxBYTES,UNIQUE-ID,SERIAL", and back. Nothing is
// read from what is no such word.
std::string lun_mark_text(const drivers::LunMark& mark);
std::optional<drivers::LunMark> lun_mark_from(std::string_view text);

} // namespace bench::plan
