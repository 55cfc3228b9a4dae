// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/probe.h"

#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/controller.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

const char* yes_no(bool value) {
    return value ? "Yes" : "No";
}

std::string bytes_or_none(std::uint64_t bytes) {
    return bytes == 0 ? std::string("none") : std::to_string(bytes);
}

void add_negotiated(LunReport& report, Controller& controller, const Settings& settings) {
    const nvme::IdentifyController& identity = controller.identity();
    const nvme::Digests& digests = controller.admin().digests();
    report.negotiated = {
        {"NVMe version",
         fmt::format("{}.{}", identity.version >> 16, identity.version >> 8 & 0xFF)},
        {"HeaderDigest", digests.header ? "CRC32C" : "None"},
        {"DataDigest", digests.data ? "CRC32C" : "None"},
        {"MAXH2CDATA", std::to_string(controller.admin().data_bytes_max())},
        {"InCapsuleData", std::to_string(controller.in_capsule_bytes())},
        {"KATO",
         std::to_string(
             std::chrono::duration_cast<std::chrono::milliseconds>(settings.keep_alive).count())},
        {"Authentication", controller.authenticated() ? "DH-HMAC-CHAP" : "None"},
        {"ControllerID", std::to_string(identity.controller_id)},
        {"SubsystemNQN", settings.subsystem_nqn}};
}

void add_limits(LunReport& report, Controller& controller) {
    const nvme::IdentifyController& identity = controller.identity();
    const std::uint16_t commands = identity.optional_commands;
    report.limits = {
        {"MDTS", bytes_or_none(controller.transfer_bytes_max())},
        {"queue entries", std::to_string(controller.queue_entries_max())},
        {"compare", yes_no((commands & nvme::optional_compare) != 0)},
        {"dataset management", yes_no((commands & nvme::optional_dataset_management) != 0)},
        {"write zeroes", yes_no((commands & nvme::optional_write_zeroes) != 0)}};
    const nvme::SmartLog smart = controller.smart_log();
    report.limits.emplace_back("critical warning", fmt::format("{:#04x}", smart.critical_warning));
    report.limits.emplace_back("media errors", std::to_string(smart.media_errors));
    report.limits.emplace_back("error log entries", std::to_string(controller.error_log().size()));
}

// A subsystem that is listed but cannot be reached, or lets this host not in, stays in the list.
void add_namespaces(std::vector<Listed>& found,
                    const std::string& portal,
                    const Settings& settings,
                    Clock& clock) {
    try {
        Controller controller(settings, clock);
        for (const std::uint32_t nsid : controller.active_namespaces()) {
            found.push_back({fmt::format("{}/{}", settings.subsystem_nqn, nsid), portal});
        }
        controller.shut_down(std::chrono::milliseconds(500));
    } catch (const std::exception&) {
        return;
    }
}

} // namespace

LunReport probe(const Settings& settings, Clock& clock) {
    Controller controller(settings, clock);
    const NamespaceFacts facts = controller.namespace_facts(settings.nsid);
    const nvme::IdentifyController& identity = controller.identity();
    LunReport report;
    report.identity = {.vendor = "NVMe",
                       .product = identity.model,
                       .revision = identity.firmware,
                       .serial = identity.serial,
                       .unique_id = unique_id_of(facts.identifiers)};
    report.geometry = {.block_bytes = 1U << facts.identify.block_exponent,
                       .block_count = facts.identify.size_blocks,
                       .transfer_bytes_max =
                           static_cast<std::uint32_t>(controller.transfer_bytes_max())};
    report.thin = facts.identify.thin;
    report.write_protected = facts.identify.write_protected;
    if (identity.volatile_write_cache) {
        report.write_cache = (controller.feature(nvme::feature_volatile_write_cache) & 1U) != 0;
    }
    PathReport path;
    path.portal = fmt::format("{}:{}", settings.host, settings.port);
    path.state = "active";
    for (const nvme::AnaGroup& group : controller.ana_groups()) {
        if (group.group == facts.identify.ana_group) {
            path.state = nvme::ana_state_text(group.state);
            path.group = group.group;
            path.preferred = group.state == nvme::AnaState::optimized;
        }
    }
    report.paths.push_back(path);
    add_negotiated(report, controller, settings);
    add_limits(report, controller);
    // NVM Command Set 1.0, 3.2.3: deallocated blocks read as DLFEAT says, but a controller need not
    // deallocate what it is told to.
    constexpr std::uint8_t reads_zero = 1;
    report.limits.emplace_back("unmapped_reads_zero",
                               facts.identify.deallocated_reads == reads_zero ? "yes" : "no");
    report.limits.emplace_back("unmap_is_advisory", "yes");
    controller.shut_down(std::chrono::milliseconds(500));
    return report;
}

std::vector<Listed> discover(Settings settings, Clock& clock) {
    settings.subsystem_nqn = nvme::discovery_nqn;
    settings.keep_alive = Duration{0};
    Controller controller(settings, clock);
    std::vector<Listed> found;
    for (const nvme::DiscoveryEntry& entry : controller.discovery_entries()) {
        constexpr std::uint8_t over_tcp = 3;
        constexpr std::uint8_t nvm_subsystem = 2;
        if (entry.transport != over_tcp || entry.subsystem_type != nvm_subsystem) {
            continue;
        }
        const bool is_ipv6 = entry.address.find(':') != std::string::npos;
        const std::string host = is_ipv6 ? "[" + entry.address + "]" : entry.address;
        const std::string portal = fmt::format("{}:{},{}", host, entry.service, entry.port_id);
        found.push_back({entry.subsystem_nqn, portal});
        Settings subsystem = settings;
        subsystem.host = entry.address;
        subsystem.subsystem_nqn = entry.subsystem_nqn;
        subsystem.connect_timeout =
            std::min<Duration>(settings.connect_timeout, std::chrono::seconds(3));
        const auto parsed = std::from_chars(
            entry.service.data(), entry.service.data() + entry.service.size(), subsystem.port);
        if (parsed.ec == std::errc{}) {
            add_namespaces(found, portal, subsystem, clock);
        }
    }
    controller.shut_down(std::chrono::milliseconds(500));
    return found;
}

} // namespace drivers::nvme_tcp
