// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"

#include <array>

namespace bench::cli {

// int load_command(const Arguments&);  declared here, defined in load_command.cpp

namespace {
constexpr std::array<Command, 0> commands{};
} // namespace

std::span<const Command> all_commands() {
    return commands;
}

} // namespace bench::cli
