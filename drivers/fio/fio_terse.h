// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

#include <string_view>

namespace drivers::fio {

// Whether a line of this text looks like fio's terse output, of any version.
bool looks_terse(std::string_view output);

// Reads fio's terse output (--minimal), versions 2 to 5 as fio(1) describes them: a line for each
// job, with whole accesses per second, KiB and microseconds. Lines that may be copies of a job or
// one job's sums so far (--status-interval) are not told apart there: then the last are taken, and
// the job says its doubts. Throws ResultError, with the line's number, for a line that is cut and
// for a number that is none.
Result parse_terse(std::string_view output);

} // namespace drivers::fio
