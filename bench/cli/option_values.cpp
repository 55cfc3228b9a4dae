// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/option_values.h"

#include "bench/cli/fio_units.h"
#include "drivers/api/errors.h"

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

} // namespace bench::cli
