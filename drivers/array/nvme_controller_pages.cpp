// SPDX-License-Identifier: Apache-2.0
// What an emulated controller says of itself: Identify structures and log pages.
#include "drivers/array/nvme_controller.h"
#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <bit>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

unsigned hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 0U;
}

nvme::AnaState ana_state_of(AccessState state) noexcept {
    switch (state) {
    case AccessState::active_optimized:
        return nvme::AnaState::optimized;
    case AccessState::active_non_optimized:
        return nvme::AnaState::non_optimized;
    case AccessState::transitioning:
        return nvme::AnaState::change;
    default:
        return nvme::AnaState::inaccessible;
    }
}

} // namespace

std::array<std::byte, 16> nguid_of(const LunInfo& lun) noexcept {
    std::array<std::byte, 16> nguid{};
    const std::string& text = lun.identity.unique_id;
    for (std::size_t i = 0; i < nguid.size() && 2 * i + 1 < text.size(); ++i) {
        nguid[i] = static_cast<std::byte>(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return nguid;
}

nvme::IdentifyController NvmeController::identity() const {
    nvme::IdentifyController page;
    page.vendor_id = 0x1D1D;
    page.model = is_discovery() ? "arraybench discovery" : subsystem_->model;
    page.serial = "EMULATED";
    page.firmware = "1";
    page.controller_id = identifier_;
    page.version = 0x00010400;
    page.transfer_exponent = door_.transfer_exponent;
    page.controller_type = is_discovery() ? 2 : 1;
    page.async_event_limit = 3;
    page.abort_limit = 3;
    page.error_log_entries = 15;
    page.keep_alive_granularity_100ms = 1;
    page.commands_max = door_.queue_entries_max;
    page.sgl_support = 1U | 1U << 20; // SGLs; in-capsule offsets.
    page.subsystem_nqn = is_discovery() ? nvme::discovery_nqn : subsystem_->nqn;
    page.command_capsule_16_bytes = (64 + door_.in_capsule_bytes) / 16;
    page.response_capsule_16_bytes = 1;
    if (is_discovery()) {
        return page;
    }
    const Identity& array = target_.core().lun(static_cast<std::size_t>(lun_of(1))).identity;
    page.serial = array.serial.substr(0, 20);
    page.firmware = array.revision;
    page.namespace_count = static_cast<std::uint32_t>(namespace_count());
    page.multipath = 0x0B; // Several ports, several controllers, ANA.
    page.optional_events = nvme::ana_change_event_bit | nvme::namespace_event_bit;
    page.ana_capabilities = 0x57; // Optimized, non-optimized, inaccessible, change; ids are fixed.
    page.ana_transition_s = 10;
    page.ana_group_id_max = page.namespace_count;
    page.ana_group_count = page.namespace_count;
    page.optional_commands =
        nvme::optional_compare | nvme::optional_dataset_management | nvme::optional_write_zeroes;
    for (std::uint32_t nsid = 1; nsid <= page.namespace_count; ++nsid) {
        const auto lun = static_cast<std::size_t>(lun_of(nsid));
        page.volatile_write_cache |= target_.core().lun(lun).write_cache;
    }
    return page;
}

std::uint16_t NvmeController::describe_namespace(std::uint32_t nsid,
                                                 nvme::IdentifyPage& page) const {
    const int lun = lun_of(nsid);
    if (lun < 0) {
        return nvme::status_invalid_namespace;
    }
    const LunInfo& info = target_.core().lun_at(door_.controller, static_cast<std::size_t>(lun));
    nvme::IdentifyNamespace facts;
    facts.size_blocks = info.geometry.block_count;
    facts.capacity_blocks = info.geometry.block_count;
    facts.used_blocks = info.geometry.block_count;
    facts.thin = info.thin;
    facts.block_exponent = static_cast<std::uint8_t>(std::countr_zero(info.geometry.block_bytes));
    facts.shared = 1;
    facts.deallocated_reads = info.unmap_reads_zero ? 1 : 0;
    facts.ana_group = nsid;
    facts.write_protected = info.write_protected;
    facts.nguid = nguid_of(info);
    nvme::put_identify_namespace(page, facts);
    return 0;
}

NvmeAnswer NvmeController::identify(const nvme::SubmissionEntry& entry,
                                    std::vector<std::byte>& out) {
    nvme::IdentifyPage page{};
    std::uint16_t status = 0;
    switch (entry.dword10 & 0xFFU) {
    case nvme::identify_controller:
        nvme::put_identify_controller(page, identity());
        break;
    case nvme::identify_namespace:
        status = describe_namespace(entry.nsid, page);
        break;
    case nvme::identify_active_namespaces:
        for (std::uint32_t nsid = entry.nsid + 1, place = 0;
             nsid != 0 && nsid <= namespace_count() && place < nvme::identify_bytes / 4;
             ++nsid, ++place) {
            wire::put_le(std::span<std::byte>(page), std::size_t{4} * place, nsid);
        }
        break;
    case nvme::identify_namespace_descriptors: {
        const int lun = lun_of(entry.nsid);
        if (lun < 0) {
            status = nvme::status_invalid_namespace;
            break;
        }
        const auto nguid =
            nguid_of(target_.core().lun_at(door_.controller, static_cast<std::size_t>(lun)));
        auto uuid = nguid; // RFC 4122 variant 1, version 8: made from the NGUID.
        uuid[6] = (uuid[6] & std::byte{0x0F}) | std::byte{0x80};
        uuid[8] = (uuid[8] & std::byte{0x3F}) | std::byte{0x80};
        nvme::put_namespace_identifiers(page, nguid, uuid);
        break;
    }
    case nvme::identify_io_command_set:
        break; // All zero: no limits beyond those of the controller.
    default:
        status = nvme::status_invalid_field;
    }
    if (status == 0) {
        out.assign(page.begin(), page.end());
    }
    return {.status = status};
}

std::vector<std::byte> NvmeController::ana_page() const {
    std::vector<nvme::AnaGroup> groups;
    for (std::uint32_t nsid = 1; nsid <= namespace_count(); ++nsid) {
        const auto lun = static_cast<std::size_t>(lun_of(nsid));
        groups.push_back({.group = nsid,
                          .state = ana_state_of(target_.core().access_state(door_.controller, lun)),
                          .namespaces = {nsid}});
    }
    return nvme::make_ana_log(ana_changes_, groups);
}

std::vector<std::byte> NvmeController::smart_page() const {
    const ArrayCounts counts = target_.core().counts();
    constexpr std::uint64_t unit_bytes = 512'000;
    nvme::SmartLog values;
    values.temperature_kelvin = 300;
    values.data_units_read = (counts.bytes_read + unit_bytes - 1) / unit_bytes;
    values.data_units_written = (counts.bytes_written + unit_bytes - 1) / unit_bytes;
    std::vector<std::byte> page(nvme::smart_bytes);
    nvme::put_smart_log(std::span(page).first<nvme::smart_bytes>(), values);
    return page;
}

std::vector<std::byte> NvmeController::changed_namespaces_page() const {
    std::vector<std::byte> page(nvme::changed_namespaces_bytes);
    std::size_t place = 0;
    for (const std::uint32_t nsid : changed_namespaces_) {
        if (place + 4 > page.size()) {
            break;
        }
        wire::put_le(std::span<std::byte>(page), place, nsid);
        place += 4;
    }
    return page;
}

NvmeAnswer NvmeController::log_page(const nvme::SubmissionEntry& entry,
                                    std::vector<std::byte>& out) {
    std::vector<std::byte> page;
    const auto identifier = static_cast<std::uint8_t>(entry.dword10);
    constexpr std::uint32_t retain_event_bit = 1U << 15;
    const bool retains = (entry.dword10 & retain_event_bit) != 0;
    if (identifier == nvme::log_discovery && is_discovery()) {
        page = nvme::make_discovery_log(target_.generation(), target_.discovery());
    } else if (identifier == nvme::log_error) {
        page = error_page();
    } else if (identifier == nvme::log_smart && !is_discovery()) {
        page = smart_page();
    } else if (identifier == nvme::log_ana && !is_discovery()) {
        page = ana_page();
        ana_event_.is_masked = ana_event_.is_masked && retains;
    } else if (identifier == nvme::log_changed_namespaces && !is_discovery()) {
        page = changed_namespaces_page();
        if (!retains) {
            changed_namespaces_.clear();
            namespace_event_.is_masked = false;
        }
    } else {
        return {.status = nvme::status_invalid_log_page};
    }
    const std::uint64_t offset = entry.dword12 | std::uint64_t{entry.dword13} << 32;
    const std::uint64_t dwords =
        (entry.dword10 >> 16 | std::uint64_t{entry.dword11 & 0xFFFFU} << 16) + 1;
    if (offset > page.size() || offset % 4 != 0 || dwords * 4 != entry.sgl_bytes) {
        return {.status = nvme::status_invalid_field};
    }
    page.erase(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(offset));
    page.resize(entry.sgl_bytes); // Beyond the page's end: zeroes.
    out = std::move(page);
    return {};
}

} // namespace drivers::array
