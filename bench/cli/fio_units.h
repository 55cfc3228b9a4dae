// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bench::cli {

// Numbers as fio's users write them; this bench's own units ("4KiB", "30s") are understood too.
std::optional<std::uint64_t> parse_fio_size_bytes(std::string_view text); // "4k" = 4096, "1m", "7"
std::optional<std::chrono::nanoseconds> parse_fio_time(std::string_view text); // "10" = 10 s, "2m"
std::optional<double> parse_fio_rate(std::string_view text);                   // "50k" = 50,000

} // namespace bench::cli
