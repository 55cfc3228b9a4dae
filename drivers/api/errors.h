// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace drivers {

// Set-up failures, told apart by who must act. The message names the place, the value and what was
// wanted; main turns each into its exit code.
struct UsageError : std::runtime_error { // The user: a bad URL, option or file. Exit 2.
    using std::runtime_error::runtime_error;
};
struct ArrayError : std::runtime_error { // The array or the way to it. Exit 3.
    using std::runtime_error::runtime_error;
};
struct ProtocolError : ArrayError { // The array did what no array may: this one is done with.
    using ArrayError::ArrayError;
};
struct SecurityError : ArrayError { // It does not prove itself, or grants no digest, as was asked.
    using ArrayError::ArrayError;
};
struct SafetyError : std::runtime_error { // Refused to write. Exit 4.
    using std::runtime_error::runtime_error;
};
struct HostError : std::runtime_error { // This host lacks something. Exit 5.
    using std::runtime_error::runtime_error;
};

} // namespace drivers
