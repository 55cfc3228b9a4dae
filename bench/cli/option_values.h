// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options/variables_map.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace bench::cli {

// Values of options that were given as text, in fio's notation. What is not understood is a
// UsageError that names option, value and what was wanted.
[[noreturn]] void refuse(const char* option, const std::string& value, const char* wanted);

std::uint64_t size_option(const boost::program_options::variables_map& given, const char* option);
std::chrono::nanoseconds time_option(const boost::program_options::variables_map& given,
                                     const char* option);
double number_option(const boost::program_options::variables_map& given,
                     const char* option,
                     double least,
                     double most);

// What --destroy takes, said alike by every command that writes.
inline constexpr const char* destroy_help =
    "NAA, EUI-64, NGUID or UUID of a LUN that may be written to; again for each. A serial only "
    "where "
    "the LUN has no such id and no other LUN seen on its target has the same serial: an array's or "
    "controller's serial names no LUN";

// Which part of a load this host drives, of "i/n" with i from 1 on.
struct HostPart {
    std::uint32_t index = 0; // From 0 on.
    std::uint32_t count = 1;
};
HostPart part_option(const boost::program_options::variables_map& given, const char* option);

// "2026-11-22T10:00:00Z", fractions of a second allowed. None: not given.
std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>
instant_option(const boost::program_options::variables_map& given, const char* option);

template <typename Value>
Value one_of(const boost::program_options::variables_map& given,
             const char* option,
             const std::map<std::string, Value>& choices) {
    const auto& text = given[option].as<std::string>();
    const auto found = choices.find(text);
    if (found == choices.end()) {
        std::string wanted;
        for (const auto& [name, value] : choices) {
            wanted += (wanted.empty() ? "one of " : ", ") + name;
        }
        refuse(option, text, wanted.c_str());
    }
    return found->second;
}

} // namespace bench::cli
