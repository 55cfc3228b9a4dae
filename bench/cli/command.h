// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/confine/capabilities.h"

#include <span>
#include <string>
#include <vector>

namespace bench::cli {

using Arguments = std::vector<std::string>;

// One command of the program: `arraybench NAME ...`. Returns the exit code; throws the error kinds
// of drivers/api/errors.h and profiles::FileError, which run_command_line turns into codes and
// messages.
struct Command {
    const char* name;
    const char* summary;
    int (*run)(const Arguments& arguments); // Arguments after the command's name.
    // What it may need beyond a user's own files; everything else is given up before it begins.
    std::vector<drivers::confine::Privilege> needs{};
    bool starts_hooks = false;
};

// Every command in the order of the help; defined in commands.cpp, one *_command.cpp per command.
std::span<const Command> all_commands();

} // namespace bench::cli
