// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Standard output and standard error, which may be closed, full, or a pipe or terminal that nobody
// reads any longer: none of it throws, and none of it ends the program.
namespace results::text {

// Call first. What of the three streams is closed is opened to nowhere, so that no file or
// connection of ours takes its number and is written into; SIGPIPE is ignored.
void hold_standard_streams() noexcept;

// Written at once. False: it could not be, and output_failure() will say so.
bool write_out(std::string_view text) noexcept;

// Written at once. False: nobody hears.
bool write_err(std::string_view text) noexcept;

// Why something written to standard output so far, by whatever means, is not there; empty = it is.
std::string output_failure();

} // namespace results::text
