// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/api/lun_report.h"
#include "drivers/nvme_tcp/settings.h"

namespace drivers::nvme_tcp {

// What the namespace and its controller say of themselves; writes nothing.
LunReport probe(const Settings& settings, Clock& clock);

// Asks the discovery controller at this address: each subsystem it lists, and the namespaces of
// those that let this host in, as pairs among the limits.
LunReport discover(Settings settings, Clock& clock);

} // namespace drivers::nvme_tcp
