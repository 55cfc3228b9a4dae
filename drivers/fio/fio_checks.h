// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

namespace drivers::fio {

// A result as fio of today would have told it, without what did nothing, with its contradictions as
// doubts. Throws ResultError for bins that are not as many as their sum, counts that are missing
// or beyond anything, and clients of which one is missing.
Result checked(Result result);

} // namespace drivers::fio
