// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/cli/command.h"

#include <string>

namespace bench::cli {

struct EgressOptions {
    std::string file;
    std::string interface;
    std::string policy;
    std::string format = "text";
    std::string draft;
    std::string export_folder;
    std::string duration;
    std::string dns_log;
    std::string journal;
    std::string canary_key;
    std::string make_canary_key;
    std::size_t flows_max = 1'000'000;
    int control = -1; // The child of a run: what it is to do is said there.
    bool help = false;
};

// Prints the help where it is asked for. Throws UsageError.
EgressOptions egress_options(const Arguments& arguments);

} // namespace bench::cli
