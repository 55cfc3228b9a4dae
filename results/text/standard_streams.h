// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Standard output and standard error, which may be closed, full, or a pipe or terminal that nobody
// reads any longer: none of it throws, and none of it ends the program.
namespace results::text {

// Call first. What of the three streams is closed is opened to nowhere, so that no file or
// connection of ours takes its number and is written into; SIGPIPE is ignored. What standard error
// leads to is opened once more, to be written without waiting: whoever shares the description that
// we were given has its flags as they were.
void hold_standard_streams() noexcept;

// Written at once. False: it could not be, and output_failure() will say so.
bool write_out(std::string_view text) noexcept;

// Written at once as far as there is room: what a pipe or terminal that is not read cannot take is
// dropped, for who writes may be measuring. False: nobody hears.
bool write_err(std::string_view text) noexcept;

// The same, whole, for as long as it takes: for a last word, when nothing is measured any more.
bool write_err_at_last(std::string_view text) noexcept;

// Why something written to standard output so far, by whatever means, is not there; empty = it is.
std::string output_failure();

} // namespace results::text
