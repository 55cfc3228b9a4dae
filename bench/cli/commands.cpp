// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"

#include <array>

namespace bench::cli {

int array_command(const Arguments&); // Each is defined in its own *_command.cpp.
int probe_command(const Arguments&);
int report_command(const Arguments&);
int egress_command(const Arguments&);
int load_command(const Arguments&);

namespace {
constexpr std::array commands{
    Command{
        "probe", "who is there: identity, geometry, limits, transport parameters", probe_command},
    Command{"array", "serve an emulated array until SIGINT", array_command},
    Command{"report", "print a finished run as HTML, Markdown, JUnit, CSV ...", report_command},
    Command{
        "egress", "say what a capture or an interface shows that was not declared", egress_command},
    Command{"load", "drive one LUN with an ad-hoc load", load_command},
};
} // namespace

std::span<const Command> all_commands() {
    return commands;
}

} // namespace bench::cli
