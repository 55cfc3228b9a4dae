// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/destination.h"
#include "drivers/iscsi/session.h"
#include "drivers/iscsi/text_link.h"

#include <optional>

namespace drivers::iscsi {

struct TextNumbers { // What counts on in the session that a login made.
    std::uint32_t command = 1;
    std::uint32_t expected_status = 0;
};

// Logs a discovery session in (RFC 7143 6.3 and 12), by CHAP where the settings name a user.
// Returns where the array sent us instead. Throws ArrayError: refused, or against the protocol.
std::optional<Redirect>
log_in_for_discovery(TextLink& link, const SessionSettings& settings, TextNumbers& numbers);

} // namespace drivers::iscsi
