// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options/variables_map.hpp>

#include <chrono>
#include <cstdint>
#include <map>
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
