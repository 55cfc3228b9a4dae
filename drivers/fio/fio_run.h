// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/fio/fio_job.h"
#include "drivers/fio/fio_result.h"

#include <string>

namespace drivers::fio {

// Runs fio on a job file to its end and reads its result. What fio passes over in silence is an
// error here: a job that failed, did nothing, dropped accesses or ended early, whatever the exit
// status said. Throws HostError (no fio, an old one, killed for taking `patience` longer than the
// job), ResultError and ArrayError (a job that failed).
Result run(const JobFile& file, Duration patience);

// Throws ArrayError for what run() does not believe; `result` is of this very job file.
void check_result(const JobFile& file, const Result& result);

} // namespace drivers::fio
