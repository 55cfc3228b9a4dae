// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/text/escape.h"
#include "results/text/standard_streams.h"

#include <fmt/format.h>
#include <utility>

namespace bench::cli {

// To standard output, at once, and clean: what an array, a capture or a file calls itself can hold
// no orders to a terminal. What cannot be written there makes the program exit with 5 when its
// command is done.
template <typename... Parts>
void say(fmt::format_string<Parts...> text, Parts&&... parts) {
    (void)results::text::write_out(
        results::text::clean_lines(fmt::format(text, std::forward<Parts>(parts)...)));
}

// To standard error, as clean, whether or not anybody hears, and without waiting for it.
template <typename... Parts>
void tell(fmt::format_string<Parts...> text, Parts&&... parts) {
    (void)results::text::write_err(
        results::text::clean_lines(fmt::format(text, std::forward<Parts>(parts)...)));
}

// The last word, for which it may be waited: nothing is measured any more.
template <typename... Parts>
void tell_at_last(fmt::format_string<Parts...> text, Parts&&... parts) {
    (void)results::text::write_err_at_last(
        results::text::clean_lines(fmt::format(text, std::forward<Parts>(parts)...)));
}

} // namespace bench::cli
