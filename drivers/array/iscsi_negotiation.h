// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/iscsi_parameters.h"
#include "drivers/wire/iscsi_text.h"

#include <string>

namespace drivers::array {

// Settles one operational key (RFC 7143 section 13) into `parameters` and appends the answer, if
// the key asks for one. Unknown keys are NotUnderstood, impossible values Reject; neither ends a
// login. `leading` is false once the session runs: then only keys that may still change do.
void negotiate_key(const wire::iscsi::TextPair& pair,
                   bool leading,
                   SessionParameters& parameters,
                   std::string& answer);

// Keys that a login reads before anything else and does not answer.
bool is_declaration(std::string_view key) noexcept;

} // namespace drivers::array
