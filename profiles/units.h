// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace profiles {

// Texts with units, as files and options carry them. None = not understood or does not fit.
std::optional<std::uint64_t> parse_size_bytes(std::string_view text); // "4KiB" "1MB" "512B"
std::optional<std::chrono::nanoseconds>
parse_duration(std::string_view text);                         // "30s" "1.5ms" "2h" "7d"
std::optional<double> parse_rate_per_s(std::string_view text); // "5000/s" "12/h" "3/min" "9/d"

// The shortest text that reads back to the same value.
std::string size_text(std::uint64_t bytes);
std::string duration_text(std::chrono::nanoseconds value);

} // namespace profiles
