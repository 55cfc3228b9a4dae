// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/session.h"

namespace drivers::iscsi {

// Asks a portal by SendTargets (RFC 7143 appendix C): (target name, portal) pairs, from an answer
// in any number of pieces. On a session of its own, since libiscsi takes only one piece; redirects
// are followed. Throws ArrayError.
TextPairs discover(const SessionSettings& settings, const Clock& clock, Duration at_most);

} // namespace drivers::iscsi
