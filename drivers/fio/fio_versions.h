// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

namespace drivers::fio {

// What a job of any fio since 2.1 has said, as fio 3.33 would have: fio 2 counted KiB and
// microseconds, its first versions no accesses; the first of fio 3 did not say of how many a
// latency is.
void as_of_today(JobResult& job);

} // namespace drivers::fio
