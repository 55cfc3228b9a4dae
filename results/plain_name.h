// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace results {

inline constexpr const char* plain_name_wanted =
    R"(a name of letters, digits, "-", "_" and ".", at most 64)";

// What may become a part of a file's name: as plain_name_wanted says, and not hidden.
bool is_plain_name(std::string_view text);

// What people may call a workload, a load point or a stream: UTF-8 without control characters, at
// most 512 bytes.
bool is_label(std::string_view text);

} // namespace results
