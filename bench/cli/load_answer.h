// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/cli/load_options.h"
#include "drivers/api/block_driver.h"
#include "results/run_record.h"

#include <string>
#include <vector>

namespace bench::cli {

// What `arraybench load` has to say, for people and for programs.
struct LoadAnswer {
    const LoadRequest& request;
    const results::RoundRecord& round;
    drivers::Geometry geometry;
    drivers::Identity identity;
    std::vector<std::string> missing_paths = {}; // The load went without them; and why.
};

std::string load_text(const LoadAnswer& answer);
std::string load_json(const LoadAnswer& answer); // "$schema": "arraybench/load/1"

} // namespace bench::cli
