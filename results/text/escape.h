// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Strings from arrays are hostile: each sink writes them only through one of these. All of them
// first make the text clean (see clean_text), so that no sink passes on what another would refuse.
namespace results::text {

// Valid UTF-8 without surprises: broken sequences become U+FFFD, control characters their visible
// pictures (U+2400 ..), and characters that turn or hide text (bidirectional controls, zero width)
// a readable "<U+202E>".
std::string clean_text(std::string_view in);

// The same for text of several lines, for a terminal or a log: ends of lines and tabs stay.
std::string clean_lines(std::string_view in);

std::string escape_html(std::string_view in);     // Also for attributes in double quotes, and XML.
std::string escape_markdown(std::string_view in); // One line, safe in a table cell.
std::string csv_cell(std::string_view in);        // Quoted as needed; a formula is disarmed.
std::string escape_label(std::string_view in);    // OpenMetrics label value.

} // namespace results::text
