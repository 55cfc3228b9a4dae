// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/session.h"

namespace drivers::iscsi {

// Asks a portal by SendTargets (RFC 7143 appendix C): (target name, portal) pairs. Throws
// ArrayError.
TextPairs discover(SessionSettings settings, const Clock& clock, Duration at_most);

} // namespace drivers::iscsi
