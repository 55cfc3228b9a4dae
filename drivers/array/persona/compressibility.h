// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace drivers::array {

// What share of the data a compressor would leave, from 0 (all alike) to 1 (noise), measured on 128
// bytes spread over it: noise shows about 101 different values among them, anything else fewer.
double incompressible_share(std::span<const std::byte> data) noexcept;

} // namespace drivers::array
