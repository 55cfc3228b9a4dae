// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/api/lun_report.h"
#include "drivers/nvme_tcp/settings.h"

namespace drivers::nvme_tcp {

// What the namespace and its controller say of themselves; writes nothing.
LunReport probe(const Settings& settings, Clock& clock);

} // namespace drivers::nvme_tcp
