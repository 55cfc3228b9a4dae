// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

namespace drivers::fio {

// A result as fio of today would have told it, without what did nothing. Throws ResultError for
// counts that contradict each other or are missing, and for clients of which one is.
Result checked(Result result);

} // namespace drivers::fio
