// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/nvme_assembly.h"

#include "bench/plan/secret.h"
#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/nvme_tcp/probe.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace bench::plan {

namespace {

// Empty where none is named; a place that is named and empty is an error of its own.
std::string secret_at(const SecretPlace& place) {
    const bool named = !place.file.empty() || (!place.environment.empty() &&
                                               std::getenv(place.environment.c_str()) != nullptr);
    if (!named) {
        return {};
    }
    const std::string secret =
        read_secret({place.file, place.file.empty() ? place.environment : std::string{}});
    return secret.rfind("DHHC-1:", 0) == 0 ? secret : std::string{};
}

drivers::nvme_tcp::Settings settings_of(const Url& url, const DriverOptions& options) {
    if (url.portals.size() != 1) {
        throw drivers::UsageError(
            fmt::format("{}: the NVMe/TCP driver takes one portal per URL", url.text()));
    }
    constexpr std::size_t depth_max = 1023;
    drivers::nvme_tcp::Settings settings;
    settings.host = url.portals.front().host;
    settings.port = url.portals.front().port;
    settings.subsystem_nqn = url.target;
    settings.nsid = url.unit;
    settings.depth = static_cast<std::uint16_t>(std::min(options.depth, depth_max));
    settings.digests = {.header = options.header_digest || url.header_digest,
                        .data = options.data_digest || url.data_digest};
    settings.command_timeout = options.command_timeout;
    settings.connect_timeout = options.login_timeout;
    settings.host_secret = secret_at(options.chap_secret);
    settings.controller_secret = secret_at(options.mutual_secret);
    return settings;
}

} // namespace

std::unique_ptr<drivers::BlockDriver>
open_nvme_tcp(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    if (!url.names_unit()) {
        throw drivers::UsageError(fmt::format(
            "{}: wanted nvme+tcp://host:port/NQN/NSID; `probe` lists what is there", url.text()));
    }
    return std::make_unique<drivers::nvme_tcp::NvmeTcpDriver>(settings_of(url, options), clock);
}

drivers::LunReport
probe_nvme_tcp(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    drivers::LunReport report = drivers::nvme_tcp::probe(settings_of(url, options), clock);
    report.url = url.text();
    return report;
}

std::vector<FoundTarget>
find_nvme_targets(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    std::vector<FoundTarget> found;
    for (const auto& listed : drivers::nvme_tcp::discover(settings_of(url, options), clock)) {
        found.push_back({listed.target, listed.portal});
    }
    return found;
}

} // namespace bench::plan
