// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command_line.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    try {
        return bench::cli::run_command_line(argc, argv);
    } catch (...) { // The only one: whatever reaches this is a bug, and says so.
        std::fputs("arraybench: internal error: an exception of unknown kind; please report it\n",
                   stderr);
        return 3;
    }
}
