// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace drivers::lab {

// Runs a system tool (no shell) inside a network, with `input` as its standard input and
// `descriptors` inherited under their own numbers. Throws HostError with what the tool complained
// of, or when it is missing or takes more than 10 s.
void run_tool(const std::vector<std::string>& words,
              const std::string& input,
              int network,
              const std::vector<int>& descriptors);

} // namespace drivers::lab
