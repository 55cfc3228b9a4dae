// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"
#include "drivers/iscsi/iscsi_driver.h"
#include "drivers/iscsi/lun_list.h"

namespace bench::plan {

// The settings for one portal of the URL; secrets are read here. Throws UsageError.
drivers::iscsi::IscsiSettings
iscsi_settings(const Url& url, std::size_t portal, const DriverOptions& options);

// Of the first portal's target; as their names in driver_assembly.h say.
FoundLuns find_iscsi_luns(const Url& url, const DriverOptions& options, drivers::Clock& clock);
drivers::iscsi::SerialSharers iscsi_luns_with_serial(const Url& url,
                                                     const DriverOptions& options,
                                                     drivers::Clock& clock,
                                                     const std::string& serial);

} // namespace bench::plan
