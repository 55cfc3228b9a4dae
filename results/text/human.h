// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

// Numbers for people: three significant digits, the unit that fits, a no-break space between.
namespace results::text {

enum class Zeros : bool { dropped, kept }; // Kept: "1.40", so that digits claim what is known.

std::string significant(double value, int digits = 3, Zeros zeros = Zeros::dropped);
std::string grouped(std::uint64_t count);                            // "1,234,567"
std::string duration(double value_ns, Zeros zeros = Zeros::dropped); // "1.23 ms", "2 min 5 s"
std::string size(double value_bytes);                                // "4 KiB", "1.5 TiB"
std::string per_second(double rate);                                 // "8,471/s", "123 k/s"
std::string bytes_per_second(double rate);                           // "244 MB/s"
std::string percent(double fraction, int digits = 3);                // "0.12 %"
std::string noise(double fraction);                                  // "noise ±5.2 %"

// By a record's unit: ns, s, /s, B/s, B; another stands as it is.
std::string with_unit(double value, const std::string& unit, Zeros zeros = Zeros::dropped);
std::string utc_time(std::int64_t utc_ns);         // "2026-11-21 22:13:23 UTC"
std::string change(double ratio);                  // "23 % lower", "1.8 times", "the same"
std::string change_range(double low, double high); // "18 % to 28 % lower"

} // namespace results::text
