// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/fio_units.h"

#include "profiles/units.h"

#include <charconv>
#include <cmath>
#include <string>

namespace bench::cli {

namespace {

struct Quantity {
    double number;
    std::string_view unit;
};

std::optional<Quantity> split(std::string_view text) {
    Quantity out{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
    if (error != std::errc{} || !std::isfinite(out.number) || out.number < 0) {
        return std::nullopt;
    }
    out.unit = text.substr(static_cast<std::size_t>(end - text.data()));
    return out;
}

// 1, 1000 or 1024, and so on, for "", "k", "m", "g", "t", "p" of either case; 0 = another.
double prefix_factor(std::string_view unit, double base) {
    if (unit.empty()) {
        return 1;
    }
    const std::size_t power =
        unit.size() == 1 ? std::string_view("kmgtpKMGTP").find(unit[0]) : std::string_view::npos;
    return power == std::string_view::npos ? 0 : std::pow(base, static_cast<double>(power % 5 + 1));
}

} // namespace

std::optional<std::uint64_t> parse_fio_size_bytes(std::string_view text) {
    if (const auto own = profiles::parse_size_bytes(text)) {
        return own;
    }
    const auto quantity = split(text);
    const double factor = quantity ? prefix_factor(quantity->unit, 1024) : 0;
    const double bytes = quantity ? quantity->number * factor : 0;
    if (factor == 0 || bytes != std::floor(bytes) || bytes > 0x1p53) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(bytes);
}

std::optional<std::chrono::nanoseconds> parse_fio_time(std::string_view text) {
    if (const auto own = profiles::parse_duration(text)) {
        return own;
    }
    const auto quantity = split(text);
    if (!quantity || !(quantity->unit.empty() || quantity->unit == "m")) {
        return std::nullopt;
    }
    const double seconds = quantity->number * (quantity->unit.empty() ? 1 : 60);
    if (seconds > 1e9) {
        return std::nullopt;
    }
    return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

std::optional<double> parse_fio_rate(std::string_view text) {
    const auto quantity = split(text);
    const double rate = quantity ? quantity->number * prefix_factor(quantity->unit, 1000) : 0;
    return rate >= 0.001 && rate <= 1e8 ? std::optional(rate) : std::nullopt;
}

} // namespace bench::cli
