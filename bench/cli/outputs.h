// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// Whether what a command is to write can be written, asked before its work begins and answered by
// really making it; what was made for that is gone again afterwards.
namespace bench::cli {

// A file that is to be written, or written over. An empty path is none. Throws UsageError for a
// folder in its place, HostError where it cannot be made.
void check_output_file(const char* option, const std::string& path);

// A folder that files are to be written into; it may be there already.
void check_output_folder(const char* option, const std::string& path);

// The same, and new or empty. Throws UsageError where something lies already.
void check_new_folder(const char* option, const std::string& path);

} // namespace bench::cli
