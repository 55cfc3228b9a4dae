// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/option_values.h"

#include "bench/cli/fio_units.h"
#include "drivers/api/errors.h"

#include <cstdio>
#include <ctime>
#include <fmt/format.h>

namespace bench::cli {

namespace options = boost::program_options;

void refuse(const char* option, const std::string& value, const char* wanted) {
    throw drivers::UsageError(fmt::format("--{}: \"{}\": wanted {}", option, value, wanted));
}

std::uint64_t size_option(const options::variables_map& given, const char* option) {
    const auto& text = given[option].as<std::string>();
    const auto size = parse_fio_size_bytes(text);
    if (!size) {
        refuse(option, text, "a size like 4k, 1m or 4KiB");
    }
    return *size;
}

std::chrono::nanoseconds time_option(const options::variables_map& given, const char* option) {
    const auto& text = given[option].as<std::string>();
    const auto time = parse_fio_time(text);
    if (!time) {
        refuse(option, text, "a time like 10, 500ms or 2m");
    }
    return *time;
}

double
number_option(const options::variables_map& given, const char* option, double least, double most) {
    const auto& text = given[option].as<std::string>();
    const auto value = parse_fio_rate(text);
    if (!value || *value < least || *value > most) {
        refuse(option, text, fmt::format("a number from {:g} to {:g}", least, most).c_str());
    }
    return *value;
}

HostPart part_option(const options::variables_map& given, const char* option) {
    const auto& text = given[option].as<std::string>();
    HostPart out;
    char more = 0;
    constexpr std::uint32_t hosts_max = 1024;
    if (std::sscanf(text.c_str(), "%4u/%4u%c", &out.index, &out.count, &more) != 2 ||
        out.index < 1 || out.index > out.count || out.count > hosts_max) {
        refuse(option, text, "i/n with i from 1 to n, like 2/4");
    }
    --out.index;
    return out;
}

std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>
instant_option(const options::variables_map& given, const char* option) {
    const auto& text = given[option].as<std::string>();
    if (text.empty()) {
        return std::nullopt;
    }
    std::tm parts{};
    double seconds = 0;
    char zone = 0;
    char more = 0;
    if (std::sscanf(text.c_str(),
                    "%4d-%2d-%2dT%2d:%2d:%12lf%c%c",
                    &parts.tm_year,
                    &parts.tm_mon,
                    &parts.tm_mday,
                    &parts.tm_hour,
                    &parts.tm_min,
                    &seconds,
                    &zone,
                    &more) != 7 ||
        zone != 'Z' || !(seconds >= 0 && seconds < 61)) {
        refuse(option, text, "an instant in UTC like 2026-11-22T10:00:00Z");
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const std::time_t minute = ::timegm(&parts);
    return std::chrono::sys_time<std::chrono::nanoseconds>(
        std::chrono::nanoseconds(static_cast<std::int64_t>(minute) * 1'000'000'000 +
                                 static_cast<std::int64_t>(seconds * 1e9)));
}

} // namespace bench::cli
