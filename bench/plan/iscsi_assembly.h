// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"
#include "drivers/iscsi/iscsi_driver.h"

namespace bench::plan {

// The settings for one portal of the URL; secrets are read here. Throws UsageError.
drivers::iscsi::IscsiSettings
iscsi_settings(const Url& url, std::size_t portal, const DriverOptions& options);

} // namespace bench::plan
