// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace profiles {

// A user's file is wrong. The message names file, JSON pointer, value, and what was wanted. Exit 2.
struct FileError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace profiles
