// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bench::egress {

// Nanoseconds since 1970 of "2026-01-31T23:59:59.123456789Z"; the fraction may be absent.
std::optional<std::int64_t> parse_utc(const std::string& text);

} // namespace bench::egress
