// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/round_runner.h"
#include "bench/measure/steady_state.h"

namespace bench::campaign {

// Loads an array with the plan's first workload in rounds of the asked length until its throughput
// (closed loop) or mean response time (open loop) is steady, or has been given its last round.
// Throws ArrayError when the array cannot be reached.
measure::Steadiness until_steady(const plan::Plan& plan,
                                 RoundRunner& runner,
                                 ArrayUnderTest& array,
                                 const RoundRunner::OnInterval& on_interval);

} // namespace bench::campaign
