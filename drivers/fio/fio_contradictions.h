// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

#include <string>
#include <vector>

namespace drivers::fio {

// What a result says of one of its jobs that cannot all be true, or that it does not say and must:
// a sentence for each, which names the two fields and what both say. What fio itself makes of
// honest accesses by rounding, by accesses outstanding while a ramp ends and by sums over copies
// is none.
std::vector<std::string> contradictions(const JobResult& job, const Result& result);

// The same of its jobs together: which ran beside each other, which are missing or there twice.
std::vector<std::string> contradictions(const Result& result);

} // namespace drivers::fio
