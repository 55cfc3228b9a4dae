// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

#include <vector>

namespace drivers::fio {

// The last document of every run: one that goes on where the document before it was, is the same
// run's. Documents that do not stand in the order in which fio wrote them, and runs that were not
// one behind the other, are doubts of those runs.
std::vector<Result> last_of_each_run(std::vector<Result> documents);

} // namespace drivers::fio
