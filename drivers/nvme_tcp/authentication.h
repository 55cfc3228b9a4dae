// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/nvme_tcp/queue.h"
#include "drivers/nvme_tcp/settings.h"

namespace drivers::nvme_tcp {

// In-band authentication of one queue, DH-HMAC-CHAP (Base 2.0, section 8.13): the host proves its
// secret and, if the settings hold the controller's secret, makes the controller prove its own.
// Throws ArrayError if either side does not.
void authenticate(Queue& queue, const Settings& settings, Clock& clock, TimePoint deadline);

} // namespace drivers::nvme_tcp
