// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_books.h"
#include "results/run_record.h"

#include <string>

namespace bench::campaign {

// What the marker frames sent past a tap say of all frames there: the shares that were lost.
void bound_loss(results::TapRecord& tap);

results::TapRecord tap_record(const TapBook& tap); // Once its watch has stopped.
std::string tap_sentence(const results::TapRecord& tap);

} // namespace bench::campaign
