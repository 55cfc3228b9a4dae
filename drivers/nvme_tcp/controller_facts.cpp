// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/controller.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t log_bytes_max = 1U << 20U; // A page longer than this is not believed.
constexpr std::uint8_t multipath_ana_bit = 1U << 3;

} // namespace

std::string unique_id_of(const nvme::NamespaceIdentifiers& identifiers) {
    if (!identifiers.nguid.empty()) {
        return identifiers.nguid;
    }
    return identifiers.eui64.empty() ? identifiers.uuid : identifiers.eui64;
}

std::vector<std::uint32_t> Controller::active_namespaces() {
    deadline_ = clock_.now() + settings_.connect_timeout;
    constexpr std::size_t namespaces_max = 65536;
    std::vector<std::uint32_t> found;
    for (;;) {
        nvme::IdentifyPage page{};
        const std::uint32_t after = found.empty() ? 0 : found.back();
        must(*admin_,
             {.entry = nvme::identify_command(nvme::identify_active_namespaces, after),
              .data = page},
             "Identify, active namespaces");
        const auto part = nvme::get_namespace_list(page);
        for (const std::uint32_t nsid : part) {
            if (nsid <= (found.empty() ? 0 : found.back()) || found.size() == namespaces_max) {
                throw ArrayError("NVMe/TCP: the active namespace list does not rise");
            }
            found.push_back(nsid);
        }
        if (part.size() < nvme::identify_bytes / 4) {
            return found;
        }
    }
}

NamespaceFacts Controller::namespace_facts(std::uint32_t nsid) {
    deadline_ = clock_.now() + settings_.connect_timeout;
    nvme::IdentifyPage page{};
    must(*admin_,
         {.entry = nvme::identify_command(nvme::identify_namespace, nsid), .data = page},
         "Identify Namespace");
    const auto found = nvme::get_identify_namespace(page);
    if (!found || found->size_blocks == 0) {
        throw ArrayError(fmt::format("nvme+tcp://{}:{}/{}/{}: no such namespace, or its format "
                                     "cannot be understood",
                                     settings_.host,
                                     settings_.port,
                                     settings_.subsystem_nqn,
                                     nsid));
    }
    if (found->metadata_bytes != 0) {
        throw ArrayError(fmt::format("namespace {}: {} bytes of metadata per block; only formats "
                                     "without metadata can be driven",
                                     nsid,
                                     found->metadata_bytes));
    }
    NamespaceFacts facts{.nsid = nsid, .identify = *found, .identifiers = {}};
    const auto answer = admin_->execute(
        {.entry = nvme::identify_command(nvme::identify_namespace_descriptors, nsid), .data = page},
        clock_,
        deadline_);
    if (answer.is_good()) {
        facts.identifiers = nvme::get_namespace_identifiers(page);
    }
    const auto unless_zero = [](std::span<const std::byte> bytes) {
        const bool zero =
            std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
        return zero ? std::string{} : nvme::hexadecimal(bytes);
    };
    if (facts.identifiers.nguid.empty()) {
        facts.identifiers.nguid = unless_zero(found->nguid);
    }
    if (facts.identifiers.eui64.empty()) {
        facts.identifiers.eui64 = unless_zero(found->eui64);
    }
    return facts;
}

std::vector<std::byte>
Controller::log_page(std::uint8_t page, std::uint32_t bytes, std::uint64_t offset) {
    deadline_ = clock_.now() + settings_.connect_timeout;
    std::vector<std::byte> data(bytes);
    must(*admin_,
         {.entry = nvme::log_page_command(page, bytes, offset), .data = data},
         "Get Log Page");
    return data;
}

std::vector<nvme::AnaGroup> Controller::ana_groups() {
    if ((identity_.multipath & multipath_ana_bit) == 0) {
        return {};
    }
    constexpr std::size_t group_bytes = 32;
    const std::size_t wanted = 16 + group_bytes * std::size_t{identity_.ana_group_count} +
                               4 * std::size_t{identity_.namespace_count};
    const auto bytes =
        static_cast<std::uint32_t>(std::min(wanted, log_bytes_max) & ~std::size_t{3});
    const auto groups = nvme::get_ana_log(log_page(nvme::log_ana, bytes, 0));
    if (!groups) {
        throw ArrayError("NVMe/TCP: the ANA log page does not hold what it counts");
    }
    return *groups;
}

std::vector<nvme::DiscoveryEntry> Controller::discovery_entries() {
    constexpr std::uint64_t entries_max = 1024;
    for (int attempt = 0; attempt < 5; ++attempt) { // The log may change between two reads.
        const auto first = log_page(nvme::log_discovery, nvme::discovery_header_bytes, 0);
        const auto header =
            nvme::get_discovery_header(std::span(first).first<nvme::discovery_header_bytes>());
        if (header.record_count > entries_max) {
            throw ArrayError(fmt::format("discovery log with {} records", header.record_count));
        }
        std::vector<nvme::DiscoveryEntry> entries;
        for (std::uint64_t i = 0; i < header.record_count; ++i) {
            const auto entry =
                log_page(nvme::log_discovery,
                         nvme::discovery_entry_bytes,
                         nvme::discovery_header_bytes + i * nvme::discovery_entry_bytes);
            entries.push_back(
                nvme::get_discovery_entry(std::span(entry).first<nvme::discovery_entry_bytes>()));
        }
        const auto again = log_page(nvme::log_discovery, nvme::discovery_header_bytes, 0);
        const auto after =
            nvme::get_discovery_header(std::span(again).first<nvme::discovery_header_bytes>());
        if (after.generation == header.generation) {
            return entries;
        }
    }
    throw ArrayError("NVMe/TCP: the discovery log changes faster than it can be read");
}

nvme::SmartLog Controller::smart_log() {
    const auto page = log_page(nvme::log_smart, nvme::smart_bytes, 0);
    return nvme::get_smart_log(std::span(page).first<nvme::smart_bytes>());
}

std::vector<nvme::ErrorEntry> Controller::error_log() {
    const std::uint32_t count = identity_.error_log_entries + 1U;
    const auto page =
        log_page(nvme::log_error, count * static_cast<std::uint32_t>(nvme::error_entry_bytes), 0);
    std::vector<nvme::ErrorEntry> entries;
    for (std::size_t at = 0; at < page.size(); at += nvme::error_entry_bytes) {
        const auto entry =
            nvme::get_error_entry(std::span<const std::byte, nvme::error_entry_bytes>(
                page.data() + at, nvme::error_entry_bytes));
        if (entry.count != 0) {
            entries.push_back(entry);
        }
    }
    return entries;
}

std::uint32_t Controller::feature(std::uint8_t identifier) {
    deadline_ = clock_.now() + settings_.connect_timeout;
    return must(*admin_, {.entry = nvme::get_feature_command(identifier)}, "Get Features").dword0;
}

void Controller::set_feature(std::uint8_t identifier, std::uint32_t value) {
    deadline_ = clock_.now() + settings_.connect_timeout;
    must(*admin_, {.entry = nvme::set_feature_command(identifier, value)}, "Set Features");
}

} // namespace drivers::nvme_tcp
