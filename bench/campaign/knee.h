// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"

#include <functional>
#include <optional>
#include <string>

namespace bench::campaign {

// What one trial at a rate showed.
struct KneeTrial {
    double achieved_per_s = 0;
    double p99_ns = 0;
};

// The highest rate of which 99 % is achieved with a P99 within the bound: doubled until it fails,
// then halved in between until it is known to 5 %. None: not even the lowest rate, or interrupted.
std::optional<double> find_knee(const plan::KneeSearch& search,
                                const std::function<std::optional<KneeTrial>(double)>& trial);

// What a knee, once found, is remembered under.
std::string knee_key(const std::string& array, const std::string& workload);

} // namespace bench::campaign
