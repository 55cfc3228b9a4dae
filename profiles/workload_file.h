// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"
#include "profiles/workload.h"

#include <string>
#include <string_view>

namespace profiles {

// Reads a workload file ("$schema": "arraybench/workload/1"). Throws FileError with file, JSON
// pointer, value and what was wanted. The name is the file's without folder and ending.
Workload read_workload(const std::string& path, const FilePlace& place = {});
Workload parse_workload(std::string_view text, const std::string& name);

} // namespace profiles
