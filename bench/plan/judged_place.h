// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"

#include <string>

namespace bench::plan {

// What the plan in a run's folder took in, which may have been in other hands: its files lie in the
// folder's "inputs", behind no link, and are read through the descriptor that was found to be a
// regular file. Opening throws results::RecordError.
profiles::FilePlace judged_place(const std::string& run_folder);

} // namespace bench::plan
