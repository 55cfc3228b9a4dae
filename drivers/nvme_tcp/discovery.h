// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/nvme_tcp/settings.h"

#include <string>
#include <vector>

namespace drivers::nvme_tcp {

struct Listed {
    std::string target; // NQN, or NQN/NSID of a namespace that this host may see.
    std::string portal; // host:port,port id
    std::string detail; // What else is known: a size and a name, a referral, why it was not asked.
};

// Asks the discovery controller at this address: each subsystem that it lists, the namespaces of
// those that let this host in, and what the discovery controllers say that it refers to, each asked
// once, a few of them deep and no longer than a minute altogether. Only the first one, which the
// user has named, is shown this host's secrets.
std::vector<Listed> discover(const Settings& settings, Clock& clock);

// The namespaces of the subsystem that the settings name, each with its size and unique id.
std::vector<Listed> list_namespaces(const Settings& settings, Clock& clock);

} // namespace drivers::nvme_tcp
