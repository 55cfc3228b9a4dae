// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace results {

// A file of a run's folder is missing, damaged or of an unknown shape. The message names file, JSON
// pointer or line, and what was wanted. Exit 2.
struct RecordError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A run that has not come to its end, or a folder that is a part of one: the message says what to
// do. Exit 6.
struct UnfinishedError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The run's folder cannot be written: full disk, no permission. Exit 5.
struct WriteError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Another process is writing the run's folder now.
struct BeingWrittenError : WriteError {
    using WriteError::WriteError;
};

} // namespace results
