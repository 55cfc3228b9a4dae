// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/utc.h"

#include <ctime>

namespace bench::egress {

std::optional<std::int64_t> parse_utc(const std::string& text) {
    std::tm parts{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    constexpr int year_base = 1900; // Of std::tm; nanoseconds in 64 bits last from 1678 to 2261.
    if (rest == nullptr || parts.tm_year + year_base < 1700 || parts.tm_year + year_base > 2200) {
        return std::nullopt;
    }
    std::int64_t fraction = 0;
    std::int64_t unit = 100'000'000;
    if (*rest == '.') {
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) {
            fraction += unit * (*rest - '0');
        }
    }
    return *rest == 'Z' || *rest == '\0'
               ? std::optional(std::int64_t{timegm(&parts)} * 1'000'000'000 + fraction)
               : std::nullopt;
}

} // namespace bench::egress
