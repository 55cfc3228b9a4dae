// SPDX-License-Identifier: Apache-2.0
#include "results/text/human.h"

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace results::text {

namespace {

constexpr const char* space = "\xC2\xA0"; // No-break.

struct Step {
    double factor;
    const char* unit;
};

template <std::size_t n>
std::string scaled(double value, const std::array<Step, n>& steps, Zeros zeros = Zeros::dropped) {
    for (const Step& step : steps) {
        // 999.6 of a unit would round to 1,000: it belongs to the next.
        if (std::abs(value) >= step.factor * 0.9995) {
            return significant(value / step.factor, 3, zeros) + space + step.unit;
        }
    }
    return significant(value, 3, zeros) + space + steps.back().unit;
}

std::string without_trailing_zeros(std::string text) {
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') {
            text.pop_back();
        }
    }
    return text;
}

} // namespace

std::string grouped(std::uint64_t count) {
    std::string out = fmt::format("{}", count);
    for (std::size_t at = out.size(); at > 3;) {
        at -= 3;
        out.insert(at, ",");
    }
    return out;
}

std::string significant(double value, int digits, Zeros zeros) {
    if (!std::isfinite(value)) {
        return std::isnan(value) ? "?" : value > 0 ? "\xE2\x88\x9E" : "-\xE2\x88\x9E";
    }
    if (value == 0) {
        return "0";
    }
    int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
    const double unit = std::pow(10, magnitude - digits + 1);
    const double rounded = std::round(std::abs(value) / unit) * unit;
    if (rounded >= std::pow(10, magnitude + 1)) {
        magnitude += 1; // 9.999 became 10.0.
    }
    const std::string sign = value < 0 ? "-" : "";
    if (magnitude >= digits - 1 && rounded < 1e18) {
        return sign + grouped(static_cast<std::uint64_t>(std::llround(rounded)));
    }
    const int decimals = std::min(std::max(digits - 1 - magnitude, 0), 12);
    const std::string out = fmt::format("{}{:.{}f}", sign, rounded, decimals);
    return zeros == Zeros::kept ? out : without_trailing_zeros(out);
}

std::string duration(double value_ns, Zeros zeros) {
    if (value_ns >= 100e9) {
        const auto seconds = static_cast<std::uint64_t>(std::llround(value_ns / 1e9));
        const std::uint64_t hours = seconds / 3600;
        const std::uint64_t minutes = seconds / 60 % 60;
        if (hours > 0) {
            return fmt::format("{}{}h {}{}min", hours, space, minutes, space);
        }
        const std::string rest = fmt::format(" {}{}s", seconds % 60, space);
        return fmt::format("{}{}min", minutes, space) + (seconds % 60 == 0 ? "" : rest);
    }
    constexpr std::array<Step, 4> steps = {
        {{1e9, "s"}, {1e6, "ms"}, {1e3, "\xC2\xB5s"}, {1, "ns"}}};
    return value_ns == 0 ? std::string("0") + space + "s" : scaled(value_ns, steps, zeros);
}

std::string size(double value_bytes) {
    constexpr std::array<Step, 6> steps = {{{1099511627776. * 1024, "PiB"},
                                            {1099511627776., "TiB"},
                                            {1073741824., "GiB"},
                                            {1048576., "MiB"},
                                            {1024., "KiB"},
                                            {1, "B"}}};
    return scaled(value_bytes, steps);
}

std::string per_second(double rate) {
    constexpr std::array<Step, 2> large = {{{1e6, "M/s"}, {1e3, "k/s"}}};
    return rate < 0.99995e5 ? significant(rate, 4) + "/s" : scaled(rate, large);
}

std::string bytes_per_second(double rate) {
    constexpr std::array<Step, 4> steps = {
        {{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}, {1, "B/s"}}};
    return scaled(rate, steps);
}

std::string percent(double fraction, int digits) {
    return significant(fraction * 100, digits) + space + "%";
}

std::string noise(double fraction) {
    constexpr double measurable_max = 10; // Beyond it nothing was measured, whatever the digits.
    return fraction > measurable_max ? "noise above " + percent(measurable_max)
                                     : "noise \xC2\xB1" + percent(fraction);
}

std::string with_unit(double value, const std::string& unit, Zeros zeros) {
    if (unit == "ns") {
        return duration(value, zeros);
    }
    if (unit == "s") {
        return duration(value * 1e9, zeros);
    }
    if (unit == "/s") {
        return per_second(value);
    }
    if (unit == "B/s") {
        return bytes_per_second(value);
    }
    if (unit == "B" || unit == "bytes") {
        return size(value);
    }
    const bool whole = value >= 0 && value < 1e15 && value == std::floor(value);
    const std::string number =
        whole ? grouped(static_cast<std::uint64_t>(value)) : significant(value);
    return unit.empty() ? number : number + space + unit;
}

std::string utc_time(std::int64_t utc_ns) {
    const std::time_t seconds = utc_ns / 1000000000;
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(seconds));
}

std::string change(double ratio) {
    if (!(ratio > 0) || !std::isfinite(ratio)) {
        return "not comparable";
    }
    if (std::abs(ratio - 1) < 0.0005) {
        return "the same";
    }
    if (ratio >= 2) {
        return significant(ratio) + " times";
    }
    return percent(std::abs(ratio - 1), ratio > 0.9 && ratio < 1.1 ? 2 : 3) +
           (ratio < 1 ? " lower" : " higher");
}

std::string change_range(double low, double high) {
    const bool sound = low > 0 && high >= low && std::isfinite(high);
    if (sound && high < 0.9995) { // Smaller change first.
        return percent(1 - high) + " to " + change(low);
    }
    if (sound && low > 1.0005 && high < 2) {
        return percent(low - 1) + " to " + change(high);
    }
    return change(low) + " to " + change(high);
}

} // namespace results::text
