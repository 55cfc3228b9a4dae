// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drivers::fio {

// One JSON document of fio's, from brace to brace, as it stands there: nothing of it is checked
// against the rest. None, with a complaint: it is no JSON, or tells of no jobs. Throws ResultError
// for what cannot be believed.
std::optional<Result> read_document(const std::string& text, std::string& complaint);

// Where the document that begins at `from` with a brace ends; npos = it is cut.
std::size_t document_end(std::string_view output, std::size_t from);

// fio writes nan and inf where it has divided by nothing, which is no JSON: null instead.
std::string without_nan(std::string_view document);

} // namespace drivers::fio
