// SPDX-License-Identifier: Apache-2.0
#include "profiles/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <utility>

namespace profiles {

namespace {

struct Quantity {
    double number = 0;
    std::string_view unit;
};

std::optional<Quantity> split(std::string_view text) {
    Quantity out;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
    if (error != std::errc{} || !std::isfinite(out.number) || out.number < 0) {
        return std::nullopt;
    }
    out.unit = text.substr(static_cast<std::size_t>(end - text.data()));
    while (!out.unit.empty() && out.unit.front() == ' ') {
        out.unit.remove_prefix(1);
    }
    return out;
}

template <std::size_t Count>
std::optional<double> scaled(std::string_view text,
                             const std::array<std::pair<std::string_view, double>, Count>& units) {
    const auto quantity = split(text);
    if (!quantity) {
        return std::nullopt;
    }
    for (const auto& [name, factor] : units) {
        if (quantity->unit == name) {
            return quantity->number * factor;
        }
    }
    return std::nullopt;
}

constexpr double kib = 1024.0;
constexpr std::array<std::pair<std::string_view, double>, 11> size_units{
    {{"B", 1},
     {"KiB", kib},
     {"MiB", kib* kib},
     {"GiB", kib* kib* kib},
     {"TiB", kib* kib* kib* kib},
     {"PiB", kib* kib* kib* kib* kib},
     {"kB", 1e3},
     {"MB", 1e6},
     {"GB", 1e9},
     {"TB", 1e12},
     {"PB", 1e15}}};
constexpr std::array<std::pair<std::string_view, double>, 8> time_units{{{"ns", 1},
                                                                         {"us", 1e3},
                                                                         {"ms", 1e6},
                                                                         {"s", 1e9},
                                                                         {"min", 60e9},
                                                                         {"h", 3600e9},
                                                                         {"d", 86400e9},
                                                                         {"y", 365 * 86400e9}}};
constexpr std::array<std::pair<std::string_view, double>, 4> rate_units{
    {{"/s", 1}, {"/min", 1.0 / 60}, {"/h", 1.0 / 3600}, {"/d", 1.0 / 86400}}};

constexpr double exact_whole_max = 9007199254740992.0; // 2^53: the largest range of exact doubles.

} // namespace

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
    const auto bytes = scaled(text, size_units);
    if (!bytes || *bytes > exact_whole_max || *bytes != std::floor(*bytes)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*bytes);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    const auto nanoseconds = scaled(text, time_units);
    if (!nanoseconds || *nanoseconds > 9e18) {
        return std::nullopt;
    }
    return std::chrono::nanoseconds(std::llround(*nanoseconds));
}

std::optional<double> parse_rate_per_s(std::string_view text) {
    return scaled(text, rate_units);
}

std::string size_text(std::uint64_t bytes) {
    static constexpr std::array<std::string_view, 6> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t unit = 0;
    while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < names.size()) {
        bytes /= 1024;
        ++unit;
    }
    return fmt::format("{}{}", bytes, names[unit]);
}

std::string duration_text(std::chrono::nanoseconds value) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> steps{
        {{"h", 3'600'000'000'000},
         {"min", 60'000'000'000},
         {"s", 1'000'000'000},
         {"ms", 1'000'000},
         {"us", 1'000},
         {"ns", 1}}};
    const std::int64_t count = value.count();
    for (const auto& [name, factor] : steps) {
        if (count != 0 && count % factor == 0) {
            return fmt::format("{}{}", count / factor, name);
        }
    }
    return "0s";
}

} // namespace profiles
