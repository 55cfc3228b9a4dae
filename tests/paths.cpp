// SPDX-License-Identifier: Apache-2.0
#include "tests/paths.h"

namespace tests {

std::string source_dir() {
    return SOURCE_DIR;
}
std::string arraybench_program() {
    return ARRAYBENCH_PROGRAM;
}

} // namespace tests
