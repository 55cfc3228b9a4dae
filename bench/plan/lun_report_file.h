// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"

namespace bench::plan {

// What `probe --format json` prints; results/schema has what it promises.
std::string lun_report_json(const drivers::LunReport& report);
std::string found_targets_json(const std::vector<FoundTarget>& found);
std::string found_luns_json(const Url& url, const FoundLuns& found);

} // namespace bench::plan
