// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/driver_assembly.h"

#include "bench/plan/nvme_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/memory/memory_driver.h"
#include "drivers/memory/null_driver.h"

#include <fmt/format.h>

namespace bench::plan {

namespace {

std::unique_ptr<drivers::BlockDriver>
open_memory(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    drivers::MemorySettings settings;
    settings.size_bytes = url.size_bytes;
    settings.block_bytes = url.block_bytes;
    settings.depth = options.depth;
    settings.volatile_cache = url.volatile_cache;
    if (!url.serial.empty()) {
        settings.serial = url.serial;
    }
    return std::make_unique<drivers::MemoryDriver>(settings, clock);
}

[[noreturn]] void not_built(const Url& url, const char* what) {
    throw drivers::HostError(
        fmt::format("{}: {} is not built into this program", url.text(), what));
}

} // namespace

std::unique_ptr<drivers::BlockDriver>
open_driver(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (options.depth == 0) {
        throw drivers::UsageError("queue depth 0: wanted at least 1");
    }
    switch (url.kind) {
    case UrlKind::memory:
        return open_memory(url, options, clock);
    case UrlKind::null:
        return std::make_unique<drivers::NullDriver>(url.size_bytes, options.depth, clock);
    case UrlKind::iscsi:
        not_built(url, "the iSCSI driver");
    case UrlKind::nvme_tcp:
        return open_nvme_tcp(url, options, clock);
    case UrlKind::block_device:
        break;
    }
    not_built(url, "the block device driver");
}

drivers::LunReport probe_lun(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (url.kind == UrlKind::nvme_tcp) {
        return probe_nvme_tcp(url, options, clock);
    }
    const auto driver = open_driver(url, options, clock);
    drivers::LunReport report;
    report.url = url.text();
    report.identity = driver->identity();
    report.geometry = driver->geometry();
    report.thin = url.kind == UrlKind::memory;
    report.write_cache = url.volatile_cache;
    return report;
}

} // namespace bench::plan
