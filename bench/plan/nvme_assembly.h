// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"

#include <memory>
#include <vector>

namespace bench::plan {

// The NVMe/TCP part of open_driver and probe_lun. A secret for DH-HMAC-CHAP ("DHHC-1:...") comes
// from where the options say that the CHAP secret is; other texts there are not for NVMe.
std::unique_ptr<drivers::BlockDriver>
open_nvme_tcp(const Url& url, const DriverOptions& options, drivers::Clock& clock);

// The namespace that the URL names.
drivers::LunReport
probe_nvme_tcp(const Url& url, const DriverOptions& options, drivers::Clock& clock);

// What discovery lists at the portals of the URL, or the namespaces of the subsystem it names.
std::vector<FoundTarget>
find_nvme_targets(const Url& url, const DriverOptions& options, drivers::Clock& clock);

} // namespace bench::plan
