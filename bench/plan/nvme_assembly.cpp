// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/nvme_assembly.h"

#include "bench/plan/secret.h"
#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/discovery.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/nvme_tcp/probe.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace bench::plan {

namespace {

// Empty where none is named; a place that is named and holds something else is an error: a secret
// that is passed over would leave a door open that somebody meant to close.
std::string secret_at(const SecretPlace& place, const Url& url) {
    const bool named =
        place.is_named || !place.file.empty() ||
        (!place.environment.empty() && std::getenv(place.environment.c_str()) != nullptr);
    if (!named) {
        return {};
    }
    const std::string secret =
        read_secret({place.file, place.file.empty() ? place.environment : std::string{}});
    if (!secret.starts_with("DHHC-1:")) {
        throw drivers::UsageError(
            fmt::format("{}: the secret from {} is none of NVMe's, which begin with \"DHHC-1:\"; "
                        "name another place, or none",
                        url.text(),
                        place.file.empty() ? "environment variable " + place.environment
                                           : "file " + place.file));
    }
    return secret;
}

// NVMe knows hosts by their NQN, and no users; but who names one means to be asked for a secret.
void refuse_user_alone(const std::string& user, const std::string& secret, const Url& url) {
    if (!user.empty() && secret.empty()) {
        throw drivers::UsageError(fmt::format(
            "{}: a CHAP user is named, \"{}\", and no secret for it", url.text(), user));
    }
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
    settings.reconnect_timeout = options.reconnect_timeout;
    settings.ready_timeout = options.ready_timeout;
    settings.has_other_paths = options.has_other_paths;
    settings.host_secret = secret_at(options.chap_secret, url);
    settings.controller_secret = secret_at(options.mutual_secret, url);
    refuse_user_alone(options.chap_user, settings.host_secret, url);
    refuse_user_alone(options.mutual_user, settings.controller_secret, url);
    if (settings.host_secret.empty() && !settings.controller_secret.empty()) {
        throw drivers::UsageError(
            fmt::format("{}: a secret of the array is named and none of this host; NVMe proves the "
                        "array's only together with the host's",
                        url.text()));
    }
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

// The portals of a URL need not all live: what one says is shown, and which one is dead.
std::vector<FoundTarget>
find_nvme_targets(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    namespace nvme_tcp = drivers::nvme_tcp;
    std::vector<FoundTarget> found;
    std::size_t dead = 0;
    for (const UrlPortal& portal : url.portals) {
        Url one = url;
        one.portals = {portal};
        const nvme_tcp::Settings settings = settings_of(one, options);
        try {
            for (auto& listed : url.lists_units ? nvme_tcp::list_namespaces(settings, clock)
                                                : nvme_tcp::discover(settings, clock)) {
                found.push_back(
                    {std::move(listed.target), std::move(listed.portal), std::move(listed.detail)});
            }
        } catch (const drivers::ArrayError& error) {
            if (++dead == url.portals.size()) {
                throw;
            }
            found.push_back({"", portal.text(), "", error.what()});
        }
    }
    return found;
}

} // namespace bench::plan
