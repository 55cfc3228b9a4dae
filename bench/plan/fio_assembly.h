// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_job.h"
#include "drivers/fio/fio_result.h"
#include "profiles/workload.h"
#include "results/run_record.h"

#include <string>
#include <vector>

namespace bench::plan {

// What fio is to be given besides the workload: where and for how long.
struct FioAsk {
    std::uint64_t from_bytes = 0; // The working set on the target.
    std::uint64_t size_bytes = 0;
    drivers::Duration runtime{std::chrono::seconds(10)};
    drivers::Duration ramp{0};
    std::uint64_t seed = 1;
};

// The workload as fio jobs, one per stream where the load is open, one mix where it is closed. What
// fio does otherwise than this bench is in the notes. Throws UsageError, with the reason, for what
// fio cannot do at all. The target (filename or nbd_uri) is the caller's to fill in.
drivers::fio::JobFile fio_jobs(const profiles::Workload& workload, const FioAsk& ask);

// fio's samples as a histogram of this bench: each bucket's middle, its exact ends at the ends.
results::Histogram histogram_of(const drivers::fio::Latency& latency);

struct FioStream {         // One direction of all jobs together.
    std::string operation; // "read", "write", "unmap"
    results::Histogram service_ns;
    std::uint64_t completed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t clipped = 0; // Took at least 17.18 s: how much longer is not known.
    double rate_per_s = 0;
};

// The quantile lies where fio counts no further: the time is at least what the histogram says.
bool is_clipped(const FioStream& stream, double quantile);

// The jobs' results merged by what they did; percentiles come from the merged histograms.
std::vector<FioStream> fio_streams(const drivers::fio::Result& result);

} // namespace bench::plan
