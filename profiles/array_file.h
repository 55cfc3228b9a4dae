// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/array_description.h"
#include "profiles/file_place.h"

#include <string>
#include <string_view>

namespace profiles {

constexpr std::string_view array_schema = "arraybench/array/v1";

// Throw FileError for whatever a file says that cannot be meant, paths that the array does not
// speak included.
ArrayDescription read_array(const std::string& path, const FilePlace& place = {});
ArrayDescription parse_array(std::string_view text, const std::string& name);

} // namespace profiles
