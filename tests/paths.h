// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace tests {

// Defined apart, so that test programs compile to the same objects wherever the tree lies.
std::string source_dir();
std::string arraybench_program(); // The built program.

} // namespace tests
