// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lab.h"

#include <atomic>
#include <string>

namespace bench::campaign {

struct Disturbed {
    drivers::TimePoint at{}; // When it took effect.
    std::string note;        // What a hook printed or a person answered.
};

// Does to the array what the plan says: an event to an emulated one, a hook command or a request to
// a person for a real one, each with its time limit, each in the journal. Throws ArrayError or
// HostError when it cannot be done.
Disturbed disturb(ArrayUnderTest& array,
                  const plan::Disturbance& disturbance,
                  RunJournal& journal,
                  const std::atomic<bool>& stop);

} // namespace bench::campaign
