// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"
#include "profiles/policy.h"

#include <string>
#include <string_view>

namespace profiles {

// Reads a policy; throws FileError. Addresses are checked by whoever compiles the rules.
Policy read_policy(const std::string& path, const FilePlace& place = {});
Policy parse_policy(std::string_view text, const std::string& name);

// The same as JSON that read_policy accepts; a draft for a person to edit.
std::string policy_json(const Policy& policy, const std::string& purpose);

} // namespace profiles
