// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/api/lun_report.h"
#include "drivers/nvme_tcp/settings.h"

#include <string>
#include <vector>

namespace drivers::nvme_tcp {

// What the namespace and its controller say of themselves; writes nothing.
LunReport probe(const Settings& settings, Clock& clock);

struct Listed {
    std::string target; // NQN, or NQN/NSID of a namespace that this host may see.
    std::string portal; // host:port,port id
};

// Asks the discovery controller at this address: each NVMe/TCP subsystem it lists, and the
// namespaces of those that let this host in.
std::vector<Listed> discover(Settings settings, Clock& clock);

} // namespace drivers::nvme_tcp
