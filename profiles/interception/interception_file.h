// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"
#include "profiles/interception/parameters.h"

#include <string>
#include <string_view>

namespace profiles::interception {

inline constexpr std::string_view workload_schema = "arraybench/interception/1";

struct PlatformWorkload {
    std::string name;
    std::string purpose;
    Parameters parameters;
};

// A platform workload: every assumption may be given, what is not keeps its default. Throws
// FileError.
PlatformWorkload read_platform_workload(const std::string& path, const FilePlace& place = {});
PlatformWorkload parse_platform_workload(std::string_view text, const std::string& name);

} // namespace profiles::interception
