// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/driver_assembly.h"
#include "bench/plan/fio_assembly.h"
#include "bench/plan/url.h"

#include <string>
#include <vector>

namespace bench::plan {

// Where fio is to work, and on whose word it may write there.
struct FioPlace {
    Url url;
    DriverOptions options;
    bool writes = false;
    std::vector<std::string> destroy; // As --destroy names LUNs; passed on to the NBD server.
    bool overwrite_data = false;
    std::string lease_token; // By which the NBD server shares the caller's lease of the LUN.
};

// The workload as a job file for this place: a file or device itself, or an NBD server that is yet
// to be started in front of an iSCSI LUN or NVMe/TCP namespace (the notes say how). A size of 0
// means the whole LUN. Throws as open_driver does, and UsageError for what fio cannot do.
drivers::fio::JobFile fio_job_for(const profiles::Workload& workload,
                                  FioAsk ask,
                                  const FioPlace& place,
                                  drivers::Clock& clock);

struct FioRun {
    drivers::fio::Result result;
    std::vector<std::string> notes;
};

// Runs it, with the NBD server where one is needed. The caller has cleared the LUN for writing.
// Throws as fio_job_for and drivers::fio::run do; HostError without nbdkit or the plugin.
FioRun run_fio_at(const profiles::Workload& workload,
                  FioAsk ask,
                  const FioPlace& place,
                  drivers::Clock& clock);

} // namespace bench::plan
