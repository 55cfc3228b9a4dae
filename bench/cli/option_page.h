// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/cli/command.h"

#include <boost/program_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace bench::cli {

// What `arraybench NAME --help` shows and what the command takes.
struct OptionPage {
    const char* introduction = ""; // Usage, what it does, an example.
    boost::program_options::options_description visible{"Options"};
    const char* operand = ""; // What stands without a name: "PLAN".
};

// The arguments as options and operands, which no command reads in another way. Throws
// boost::program_options::error, and UsageError for a number below zero where none may be: read as
// it stands, it would be one near 2^64.
boost::program_options::variables_map
stored_options(const Arguments& arguments,
               const boost::program_options::options_description& all,
               const boost::program_options::positional_options_description& places);

// None: help was asked for and printed. Operands are under operands().
std::optional<boost::program_options::variables_map> read_options(const Arguments& arguments,
                                                                  const OptionPage& page);

std::vector<std::string> operands(const boost::program_options::variables_map& given);

// The one operand. Throws UsageError: none or several.
std::string only_operand(const boost::program_options::variables_map& given,
                         const OptionPage& page);

// --format text|json, as add_format_option() declares it.
void add_format_option(boost::program_options::options_description& visible);
bool is_json_wanted(const boost::program_options::variables_map& given);

} // namespace bench::cli
