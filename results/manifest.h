// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace results {

// Writes FOLDER/SHA256SUMS over every other file below FOLDER, in the form `sha256sum -c` reads.
void write_manifest(const std::string& folder);

// One sentence for each file that is missing, altered or not listed; empty = all is as written.
// Throws RecordError when there is no manifest to check against.
std::vector<std::string> manifest_problems(const std::string& folder);

} // namespace results
