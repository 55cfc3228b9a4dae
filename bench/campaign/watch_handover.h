// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/handover.h"
#include "bench/campaign/tap_analysis.h"

namespace bench::campaign {

inline constexpr const char* handover_folder =
    "egress"; // Every file of a watch's handover is in it.

// All that a finished watch has to say: its records and findings as the text of a run that has
// nothing else, and its files; findings name their cut-outs as these are called in the folder.
Handover watch_handover(const TapAnalysis& watch);

} // namespace bench::campaign
