// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

#include <string>
#include <vector>

namespace drivers::fio {

// What cannot be true together of one latency's count, minimum, mean, maximum, percentiles and
// bins: a sentence for each that names both, led by `name` ("clat_ns"). Nothing that fio's own
// rounding makes of honest accesses: a bucket is told by its middle, at most 1/128 from any of its
// samples, the last one holds all that took longer, and means are summed in doubles.
std::vector<std::string> contradictions(const std::string& name, const Latency& latency);

} // namespace drivers::fio
