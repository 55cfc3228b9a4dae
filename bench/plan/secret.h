// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/array_description.h"

#include <string>

namespace bench::plan {

// The secret a description refers to: a file's first line, or an environment variable. Throws
// UsageError without ever showing it.
std::string read_secret(const profiles::SecretReference& reference);

} // namespace bench::plan
