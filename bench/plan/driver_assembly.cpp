// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/driver_assembly.h"

#include "bench/plan/iscsi_assembly.h"
#include "bench/plan/nvme_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/block_device/block_device_driver.h"
#include "drivers/iscsi/discovery.h"
#include "drivers/memory/memory_driver.h"
#include "drivers/memory/null_driver.h"
#include "drivers/multipath/multipath_driver.h"

#include <fmt/format.h>

namespace bench::plan {

namespace {

// Where nobody logs in, nothing can be authenticated or digested: who asks for it must hear so.
void refuse_security(const Url& url, const DriverOptions& options) {
    const bool wants_secret = !options.chap_user.empty() || !options.mutual_user.empty();
    const bool names_secret = !options.chap_secret.file.empty() || options.chap_secret.is_named ||
                              !options.mutual_secret.file.empty() || options.mutual_secret.is_named;
    const bool wants_digest = options.header_digest || options.data_digest;
    if (wants_secret || names_secret || wants_digest) {
        throw drivers::UsageError(fmt::format("{}: {} can only be had over iSCSI and NVMe/TCP",
                                              url.text(),
                                              wants_digest ? "digests" : "CHAP users and secrets"));
    }
}

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

void want_unit(const Url& url) {
    if (!url.names_unit()) {
        throw drivers::UsageError(fmt::format(
            "{}: names no LUN; `arraybench probe {}` lists the targets", url.text(), url.text()));
    }
}

// The errors that say what the array itself did, with the place where it did it. One that has been
// met as it was asked for and is less secure now is another one in its place.
template <typename Open>
auto opened_at(const Url& url, const DriverOptions& options, const Open& open) {
    try {
        return open();
    } catch (const drivers::ProtocolError& error) {
        throw drivers::ProtocolError(fmt::format("{}: {}", url.text(), error.what()));
    } catch (const drivers::SecurityError& error) {
        if (options.expected) {
            throw drivers::SafetyError(
                fmt::format("{}: what answers is less secure than was asked and met before: {}",
                            url.text(),
                            error.what()));
        }
        throw drivers::SecurityError(fmt::format("{}: {}", url.text(), error.what()));
    }
}

std::unique_ptr<drivers::iscsi::IscsiDriver>
open_iscsi(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    want_unit(url);
    const auto open = [&] {
        return std::make_unique<drivers::iscsi::IscsiDriver>(iscsi_settings(url, 0, options),
                                                             clock);
    };
    try {
        return opened_at(url, options, open);
    } catch (const drivers::ProtocolError&) {
        throw;
    } catch (const drivers::SecurityError&) {
        throw;
    } catch (const drivers::ArrayError& error) {
        throw drivers::ArrayError(fmt::format("{}: {}", url.text(), error.what()));
    }
}

Url one_path(const Url& url, std::size_t portal) {
    Url out = url;
    out.portals = {url.portals.at(portal)};
    return out;
}

// A path that is lost is tried again as long as the others carry the load.
DriverOptions path_options(const DriverOptions& options) {
    DriverOptions out = options;
    out.reconnect_timeout = std::chrono::hours(24);
    out.access_interval = std::chrono::seconds(1);
    out.has_other_paths = true;
    return out;
}

std::string place_of(const Url& path) {
    return path.portals.empty() ? path.text() : path.portals.front().text();
}

std::vector<Url> paths_of(const Url& url) {
    std::vector<Url> out;
    out.reserve(url.portals.size());
    for (std::size_t i = 0; i < url.portals.size(); ++i) {
        out.push_back(one_path(url, i));
    }
    return out;
}

std::unique_ptr<drivers::block_device::BlockDeviceDriver>
open_block_device(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    drivers::block_device::Settings settings;
    settings.path = url.path;
    settings.depth = options.depth;
    return std::make_unique<drivers::block_device::BlockDeviceDriver>(settings, clock);
}

} // namespace

std::unique_ptr<drivers::BlockDriver> open_paths(const std::vector<Url>& paths,
                                                 const DriverOptions& options,
                                                 drivers::Clock& clock,
                                                 PathsWanted wanted) {
    std::vector<std::unique_ptr<drivers::BlockDriver>> opened;
    drivers::MultipathSettings settings;
    settings.any_path = options.any_path;
    for (const Url& path : paths) {
        try {
            opened.push_back(open_driver(path, path_options(options), clock));
            settings.names.push_back(place_of(path));
        } catch (const drivers::ProtocolError&) {
            throw; // The array's own doing, by whatever path.
        } catch (const drivers::SecurityError&) {
            throw;
        } catch (const drivers::ArrayError& error) {
            settings.missing.emplace_back(error.what());
            const bool is_last = &path == &paths.back();
            if (wanted == PathsWanted::all || (is_last && opened.empty())) {
                throw;
            }
        }
    }
    settings.depth = options.depth;
    settings.path_wait = options.reconnect_timeout;
    return std::make_unique<drivers::MultipathDriver>(std::move(opened), settings, clock);
}

namespace {

std::unique_ptr<drivers::BlockDriver>
open_one(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (url.kind != UrlKind::iscsi && url.kind != UrlKind::nvme_tcp) {
        refuse_security(url, options);
    }
    switch (url.kind) {
    case UrlKind::memory:
        return open_memory(url, options, clock);
    case UrlKind::null:
        return std::make_unique<drivers::NullDriver>(url.size_bytes, options.depth, clock);
    case UrlKind::iscsi:
        return open_iscsi(url, options, clock);
    case UrlKind::nvme_tcp:
        return opened_at(url, options, [&] { return open_nvme_tcp(url, options, clock); });
    case UrlKind::block_device:
        break;
    }
    return open_block_device(url, options, clock);
}

void check_expected(const Url& url, const DriverOptions& options, const drivers::LunMark& seen) {
    if (options.expected && !drivers::is_same_lun(*options.expected, seen)) {
        throw drivers::SafetyError(
            fmt::format("{}: {}", url.text(), drivers::another_lun_text(*options.expected, seen)));
    }
}

} // namespace

std::unique_ptr<drivers::BlockDriver>
open_driver(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (options.depth == 0) {
        throw drivers::UsageError("queue depth 0: wanted at least 1");
    }
    if (url.portals.size() > 1) {
        want_unit(url);
        return open_paths(paths_of(url), options, clock, options.paths);
    }
    auto driver = open_one(url, options, clock);
    check_expected(url, options, drivers::mark_of(driver->identity(), driver->geometry()));
    return driver;
}

namespace {

// By one portal, whoever it says that it is.
drivers::LunReport probe_one(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    switch (url.kind) {
    case UrlKind::iscsi: {
        drivers::LunReport report = open_iscsi(url, options, clock)->report();
        if (report.identity.unique_id.empty() && !report.identity.serial.empty()) {
            auto sharers = iscsi_luns_with_serial(url, options, clock, report.identity.serial);
            report.serial_shared_with = std::move(sharers.names);
            report.serial_compared_with = sharers.asked;
        }
        return report;
    }
    case UrlKind::nvme_tcp:
        return opened_at(url, options, [&] { return probe_nvme_tcp(url, options, clock); });
    case UrlKind::block_device:
        refuse_security(url, options);
        return open_block_device(url, options, clock)->report();
    case UrlKind::memory:
    case UrlKind::null:
        break;
    }
    const auto driver = open_driver(url, options, clock);
    drivers::LunReport report;
    report.identity = driver->identity();
    report.geometry = driver->geometry();
    report.thin = url.kind == UrlKind::memory;
    report.write_cache = url.volatile_cache;
    return report;
}

} // namespace

std::vector<FoundTarget>
find_targets(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (url.kind == UrlKind::nvme_tcp) {
        return find_nvme_targets(url, options, clock);
    }
    if (url.kind != UrlKind::iscsi) {
        throw drivers::UsageError(
            fmt::format("{}: only iSCSI and NVMe/TCP portals list targets", url.text()));
    }
    std::vector<FoundTarget> out;
    std::size_t dead = 0;
    for (std::size_t i = 0; i < url.portals.size(); ++i) {
        const auto settings = iscsi_settings(url, i, options);
        try {
            for (auto& [target, portal] :
                 drivers::iscsi::discover(settings.session, clock, options.login_timeout)) {
                out.push_back({std::move(target), std::move(portal)});
            }
        } catch (const drivers::ArrayError& error) {
            if (++dead == url.portals.size()) {
                throw;
            }
            out.push_back({"", url.portals[i].text(), "", error.what()});
        }
    }
    return out;
}

FoundLuns find_luns(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (url.kind != UrlKind::iscsi) {
        throw drivers::UsageError(fmt::format("{}: only iSCSI targets list LUNs", url.text()));
    }
    for (std::size_t i = 0;; ++i) {
        try {
            return find_iscsi_luns(one_path(url, i), options, clock);
        } catch (const drivers::ArrayError& error) {
            if (i + 1 == url.portals.size()) {
                throw drivers::ArrayError(fmt::format("{}: {}", url.text(), error.what()));
            }
        }
    }
}

drivers::LunReport
probe_paths(const std::vector<Url>& paths, const DriverOptions& options, drivers::Clock& clock) {
    if (paths.size() == 1) {
        return probe_lun(paths.front(), options, clock);
    }
    (void)open_paths(paths, options, clock, options.paths); // That they are paths to one LUN.
    std::optional<drivers::LunReport> report;
    std::vector<drivers::PathReport> ways;
    for (const Url& path : paths) {
        try {
            drivers::LunReport one = probe_lun(path, options, clock);
            ways.insert(ways.end(), one.paths.begin(), one.paths.end());
            if (!report) {
                report = std::move(one);
            }
        } catch (const drivers::ProtocolError&) {
            throw;
        } catch (const drivers::SecurityError&) {
            throw;
        } catch (const drivers::ArrayError& error) {
            if (options.paths == PathsWanted::all || (&path == &paths.back() && !report)) {
                throw;
            }
            ways.push_back({place_of(path), "unreachable", 0, false, error.what()});
        }
    }
    report->paths = std::move(ways);
    return *report;
}

std::vector<PathUse> path_counts(const drivers::BlockDriver& driver) {
    std::vector<PathUse> out;
    if (const auto* paths = dynamic_cast<const drivers::MultipathDriver*>(&driver)) {
        for (std::size_t i = 0; i < paths->path_count(); ++i) {
            out.push_back(
                {paths->path_name(i), paths->counts(i).completed, paths->counts(i).moved});
        }
    }
    return out;
}

std::vector<std::string> missing_paths(const drivers::BlockDriver& driver) {
    const auto* paths = dynamic_cast<const drivers::MultipathDriver*>(&driver);
    return paths == nullptr ? std::vector<std::string>{} : paths->missing();
}

drivers::LunReport probe_lun(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (url.portals.size() > 1) {
        drivers::LunReport report = probe_paths(paths_of(url), options, clock);
        report.url = url.text();
        return report;
    }
    drivers::LunReport report = probe_one(url, options, clock);
    report.url = url.text();
    check_expected(url, options, drivers::mark_of(report.identity, report.geometry));
    return report;
}

} // namespace bench::plan
