// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace drivers::array {

// How a controller stands to a LUN, in the words of ALUA (SPC-5 5.16); ANA has the same five.
enum class AccessState : std::uint8_t {
    active_optimized,
    active_non_optimized,
    standby,
    unavailable,
    transitioning
};

} // namespace drivers::array
