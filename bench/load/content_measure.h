// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/workload.h"

#include <cstddef>
#include <span>
#include <string>

namespace bench::load {

// The share of `data` that a compressor takes away which sees blocks of `window_bytes` by
// themselves. What does not get smaller is kept as it is, as arrays do.
double saved_by_lz4(std::span<const std::byte> data, std::size_t window_bytes);
double saved_by_zstd(std::span<const std::byte> data, std::size_t window_bytes);

// What compressors make of a MiB of what a load with this data reduction writes, measured on it:
// "lz4 saves 32 % of blocks of 8 KiB and 32 % of 1 MiB, zstd 33 % and 33 %; 10 % are duplicates".
std::string describe_content(const profiles::DataReduction& reduction, bool is_stamped);

} // namespace bench::load
