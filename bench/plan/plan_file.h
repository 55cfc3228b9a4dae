// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"

#include <map>
#include <string>
#include <string_view>

namespace bench::plan {

inline constexpr std::string_view plan_schema = "arraybench/plan/1";

// Reads a plan and every file it names (paths relative to the plan's own). Throws
// profiles::FileError for what is wrong in any of them, and for what does not fit together.
Plan read_plan(const std::string& path);

// The plan of a run's folder, which may have been in other hands: every file it names lies in that
// folder, and none behind a link. Throws results::RecordError also where one is no regular file.
Plan read_plan_in(const std::string& folder);

// The effective plan: every default written out, the files it names under the names given in
// `files` (path -> name). Reads back to the same plan.
std::string plan_text(const Plan& plan, const std::map<std::string, std::string>& files);

} // namespace bench::plan
