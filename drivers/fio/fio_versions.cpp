// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_versions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace drivers::fio {

namespace {

std::uint64_t times(std::uint64_t number, std::uint64_t factor) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / 2;
    return std::min(number, most / factor) * factor;
}

void to_nanoseconds(Latency& latency) {
    constexpr std::uint64_t us = 1000;
    latency.min_ns = times(latency.min_ns, us);
    latency.max_ns = times(latency.max_ns, us);
    if (latency.mean_ns) {
        *latency.mean_ns *= static_cast<double>(us);
    }
    latency.grain_ns = us;
    for (auto& [middle_ns, count] : latency.bins) {
        middle_ns = times(middle_ns, us);
    }
    for (auto& [percent, value_ns] : latency.percentiles) {
        value_ns = times(value_ns, us);
    }
}

// Lists of percentiles were filled up with zeros.
void settle(Latency& latency, std::uint64_t total_ios) {
    if (latency.min_ns > 0) {
        std::erase_if(latency.percentiles, [](const auto& one) { return one.second == 0; });
    }
    if (latency.tells_count) {
        return;
    }
    if (!latency.bins.empty()) {
        for (const auto& [middle_ns, count] : latency.bins) {
            latency.count +=
                std::min(count, std::numeric_limits<std::uint64_t>::max() / 2 - latency.count);
        }
    } else if (latency.max_ns > 0) {
        latency.count = total_ios;
    }
}

} // namespace

void as_of_today(JobResult& job) {
    for (auto& [name, direction] : job.directions) {
        if (direction.is_old) {
            direction.is_old = false;
            direction.rounds_coarsely = true;
            direction.bytes_grain = 1024;
            direction.io_bytes = times(direction.io_bytes, 1024);
            to_nanoseconds(direction.total);
            to_nanoseconds(direction.completion);
            const double accesses =
                direction.iops * static_cast<double>(direction.runtime_ms) / 1000;
            constexpr double most = 9007199254740992; // 2^53
            if (direction.total_ios == 0 && direction.io_bytes > 0 && accesses < most) {
                direction.total_ios = static_cast<std::uint64_t>(std::llround(accesses));
            }
        }
        settle(direction.total, direction.total_ios);
        settle(direction.completion, direction.total_ios);
    }
    if (job.directions.size() > 1) { // unified_rw_reporting=both: its parts are there, too.
        job.directions.erase("mixed");
    }
}

} // namespace drivers::fio
