// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/probe.h"

#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/controller.h"

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
    report.limits.emplace_back("namespace events",
                               yes_no((identity.optional_events & nvme::namespace_event_bit) != 0));
}

// Whom else the serial names: it is the controller's, and so that of all its namespaces, also of
// those that it does not list to this host.
void add_sharers(LunReport& report, Controller& controller, std::uint32_t nsid) {
    constexpr std::size_t named_most = 8;
    if (report.identity.unique_id.empty()) {
        report.serial_shared_with.emplace_back("its controller");
    }
    try {
        for (const std::uint32_t other : controller.active_namespaces()) {
            if (other != nsid && report.serial_shared_with.size() < named_most) {
                report.serial_shared_with.push_back(fmt::format("namespace {}", other));
            }
        }
    } catch (const ProtocolError&) {
        throw;
    } catch (const ArrayError& error) { // Then nobody knows that the serial is this one's alone.
        report.serial_shared_with.emplace_back(error.what());
    }
}

// Optional pages: a controller may lack them, refuse them or never answer.
void add_health(LunReport& report, Controller& controller) {
    const std::string not_told = "not told";
    std::string warning = not_told;
    std::string media_errors = not_told;
    std::string entries = not_told;
    try {
        if (const auto smart = controller.smart_log()) {
            warning = fmt::format("{:#04x}", smart->critical_warning);
            media_errors = std::to_string(smart->media_errors);
        }
        if (const auto errors = controller.error_log()) {
            entries = std::to_string(errors->size());
        }
    } catch (const ProtocolError&) {
        throw;
    } catch (const ArrayError&) { // What has been told stays told.
        entries = not_told;
    }
    report.limits.emplace_back("critical warning", warning);
    report.limits.emplace_back("media errors", media_errors);
    report.limits.emplace_back("error log entries", entries);
}

} // namespace

LunReport probe(const Settings& settings, Clock& clock) {
    Controller controller(settings, clock);
    const NamespaceFacts facts = controller.namespace_facts(settings.nsid);
    const nvme::IdentifyController& identity = controller.identity();
    LunReport report;
    report.identity = identity_of(identity, facts);
    report.geometry = geometry_of(facts);
    report.geometry.transfer_bytes_max =
        static_cast<std::uint32_t>(controller.transfer_bytes_max());
    for (const std::string& id :
         {facts.identifiers.nguid, facts.identifiers.eui64, facts.identifiers.uuid}) {
        if (!id.empty() && id != report.identity.unique_id) {
            report.other_ids.push_back(id);
        }
    }
    report.thin = facts.identify.thin;
    report.write_protected = facts.identify.write_protected;
    if (identity.volatile_write_cache) {
        // Not told whether it is on: as if it were.
        report.write_cache =
            (controller.feature(nvme::feature_volatile_write_cache).value_or(1) & 1U) != 0;
    }
    PathReport path;
    path.portal = fmt::format("{}:{}", settings.host, settings.port);
    path.state = controller.offers_ana() ? "active, ANA state not told" : "active";
    path.group = controller.offers_ana() ? facts.identify.ana_group : 0;
    if (facts.ana) {
        path.state = nvme::ana_state_text(*facts.ana);
        path.preferred = *facts.ana == nvme::AnaState::optimized;
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
    add_sharers(report, controller, settings.nsid);
    add_health(report, controller);
    controller.shut_down(std::chrono::milliseconds(500));
    return report;
}

} // namespace drivers::nvme_tcp
