// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/authentication.h"

#include "drivers/api/errors.h"

namespace drivers::nvme_tcp {

void authenticate(Queue& /*queue*/,
                  const Settings& /*settings*/,
                  Clock& /*clock*/,
                  TimePoint /*deadline*/) {
    throw ArrayError("NVMe/TCP: in-band authentication is not offered by this driver");
}

} // namespace drivers::nvme_tcp
