// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <optional>
#include <string>
#include <string_view>

namespace bench::plan {

// A driver's end on its way from one process to another: the word for its kind, a space and the
// driver's own reason. What cannot be read is no end.
struct ToldEnd {
    drivers::DriverEnd end = drivers::DriverEnd::none;
    std::string reason;
};
std::string driver_end_text(drivers::DriverEnd end, std::string_view reason);
std::optional<ToldEnd> driver_end_from(std::string_view text);

} // namespace bench::plan
