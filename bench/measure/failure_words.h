// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <cstdint>
#include <string>

namespace bench::measure {

// How an access failed, for people: by its standard's name with the number beside it ("sense 031100
// (MEDIUM ERROR: unrecovered read error)"), else by what became of it ("timed out").
std::string failure_words(drivers::Status status, std::uint32_t sense);

} // namespace bench::measure
