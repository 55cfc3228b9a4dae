// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/controller.h"
#include "drivers/wire/nvme_ana_reader.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::uint32_t log_piece_bytes_max = 4096; // The smallest MDTS there is allows it.
constexpr std::uint8_t multipath_ana_bit = 1U << 3;

std::string unless_zero(std::span<const std::byte> bytes) {
    const bool zero =
        std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
    return zero ? std::string{} : nvme::hexadecimal(bytes);
}

} // namespace

std::string unique_id_of(const nvme::NamespaceIdentifiers& identifiers) {
    if (!identifiers.nguid.empty()) {
        return identifiers.nguid;
    }
    return identifiers.eui64.empty() ? identifiers.uuid : identifiers.eui64;
}

std::optional<NamespaceFacts> facts_of(std::uint32_t nsid,
                                       const nvme::IdentifyPage& identify,
                                       const nvme::IdentifyPage* descriptors) {
    const auto found = nvme::get_identify_namespace(identify);
    if (!found || found->size_blocks == 0) {
        return std::nullopt;
    }
    NamespaceFacts facts;
    facts.nsid = nsid;
    facts.identify = *found;
    if (descriptors != nullptr) {
        facts.identifiers = nvme::get_namespace_identifiers(*descriptors);
    }
    if (facts.identifiers.nguid.empty()) {
        facts.identifiers.nguid = unless_zero(found->nguid);
    }
    if (facts.identifiers.eui64.empty()) {
        facts.identifiers.eui64 = unless_zero(found->eui64);
    }
    return facts;
}

bool has_no_descriptors(std::uint16_t status_code) noexcept {
    return status_code == nvme::status_invalid_field || status_code == nvme::status_invalid_opcode;
}

Geometry geometry_of(const NamespaceFacts& facts) noexcept {
    // Metadata counts: a namespace formatted anew with it is another one.
    return {.block_bytes = (1U << facts.identify.block_exponent) + facts.identify.metadata_bytes,
            .block_count = facts.identify.size_blocks};
}

Identity identity_of(const nvme::IdentifyController& controller, const NamespaceFacts& facts) {
    return {.vendor = "NVMe",
            .product = controller.model,
            .revision = controller.firmware,
            .serial = controller.serial,
            .unique_id = unique_id_of(facts.identifiers)};
}

bool Controller::offers_ana() const noexcept {
    return (identity_.multipath & multipath_ana_bit) != 0;
}

std::vector<std::uint32_t> Controller::active_namespaces() {
    deadline_ = clock_.now() + settings_.connect_timeout;
    constexpr std::size_t namespaces_max = 1U << 20U;
    constexpr std::uint32_t last_asked_after = 0xFFFFFFFD; // Beyond it no identifier is left.
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
            if (nsid <= (found.empty() ? 0 : found.back())) {
                throw ProtocolError(place() + ": the active namespace list does not rise");
            }
            if (found.size() == namespaces_max) {
                throw ArrayError(
                    fmt::format("{}: more than {} namespaces", place(), namespaces_max));
            }
            found.push_back(nsid);
        }
        if (part.size() < nvme::identify_bytes / 4 || found.back() >= last_asked_after) {
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
    nvme::IdentifyPage descriptors{};
    const auto answer = admin_->execute(
        {.entry = nvme::identify_command(nvme::identify_namespace_descriptors, nsid),
         .data = descriptors},
        clock_,
        deadline_);
    if (!answer.is_good() && !has_no_descriptors(answer.status_code())) {
        throw ArrayError(fmt::format("{}/{}: Identify, descriptors: {}",
                                     place(),
                                     nsid,
                                     nvme::status_text(answer.status_code())));
    }
    auto facts = facts_of(nsid, page, answer.is_good() ? &descriptors : nullptr);
    if (!facts) {
        throw ArrayError(fmt::format(
            "{}/{}: no such namespace, or its format cannot be understood", place(), nsid));
    }
    if (facts->identify.metadata_bytes != 0) {
        throw ArrayError(fmt::format("{}/{}: {} bytes of metadata per block; only formats without "
                                     "metadata can be driven",
                                     place(),
                                     nsid,
                                     facts->identify.metadata_bytes));
    }
    facts->ana = ana_state(facts->identify.ana_group);
    return *facts;
}

bool Controller::read_log(std::uint8_t page, std::uint64_t offset, std::span<std::byte> out) {
    const auto bytes = static_cast<std::uint32_t>(out.size());
    return try_admin({.entry = nvme::log_page_command(page, bytes, offset), .data = out});
}

void Controller::must_read_log(std::uint8_t page, std::uint64_t offset, std::span<std::byte> out) {
    const auto bytes = static_cast<std::uint32_t>(out.size());
    must(*admin_,
         {.entry = nvme::log_page_command(page, bytes, offset), .data = out},
         "Get Log Page");
}

std::optional<nvme::AnaState> Controller::ana_state(std::uint32_t group) {
    if (!offers_ana()) {
        return std::nullopt;
    }
    deadline_ = clock_.now() + settings_.connect_timeout;
    nvme::AnaReader reader(group);
    std::array<std::byte, nvme::AnaReader::piece_bytes_max> piece{};
    for (auto part = reader.next(); part.bytes > 0; part = reader.next()) {
        const auto out = std::span(piece).first(part.bytes);
        if (!read_log(nvme::log_ana, part.offset, out)) {
            return std::nullopt;
        }
        reader.take(out);
    }
    return reader.state();
}

std::vector<nvme::DiscoveryEntry> Controller::discovery_entries() {
    deadline_ = clock_.now() + settings_.connect_timeout; // For all of it.
    constexpr std::uint64_t entries_max = 16384;
    constexpr std::size_t entries_a_piece = log_piece_bytes_max / nvme::discovery_entry_bytes;
    const auto header = [this] {
        std::array<std::byte, nvme::discovery_header_bytes> page{};
        must_read_log(nvme::log_discovery, 0, page);
        return nvme::get_discovery_header(page);
    };
    std::array<std::byte, log_piece_bytes_max> piece{};
    for (int attempt = 0; attempt < 5; ++attempt) { // The log may change between two reads.
        const auto first = header();
        if (first.record_count > entries_max) {
            throw ArrayError(fmt::format("{}: a discovery log with {} records, wanted at most {}",
                                         place(),
                                         first.record_count,
                                         entries_max));
        }
        std::vector<nvme::DiscoveryEntry> entries;
        while (entries.size() < first.record_count) {
            const auto count =
                std::min<std::size_t>(first.record_count - entries.size(), entries_a_piece);
            const auto out = std::span(piece).first(count * nvme::discovery_entry_bytes);
            must_read_log(nvme::log_discovery,
                          nvme::discovery_header_bytes +
                              entries.size() * nvme::discovery_entry_bytes,
                          out);
            for (std::size_t i = 0; i < count; ++i) {
                entries.push_back(
                    nvme::get_discovery_entry(out.subspan(i * nvme::discovery_entry_bytes)
                                                  .first<nvme::discovery_entry_bytes>()));
            }
        }
        if (header().generation == first.generation) {
            return entries;
        }
    }
    throw ArrayError(place() + ": the discovery log changes faster than it can be read");
}

std::optional<nvme::SmartLog> Controller::smart_log() {
    deadline_ = clock_.now() + settings_.connect_timeout;
    std::array<std::byte, nvme::smart_bytes> page{};
    if (!read_log(nvme::log_smart, 0, page)) {
        return std::nullopt;
    }
    return nvme::get_smart_log(page);
}

std::optional<std::vector<nvme::ErrorEntry>> Controller::error_log() {
    deadline_ = clock_.now() + settings_.connect_timeout;
    const std::size_t whole =
        (identity_.error_log_entries + std::size_t{1}) * nvme::error_entry_bytes;
    std::array<std::byte, log_piece_bytes_max> piece{};
    std::vector<nvme::ErrorEntry> entries;
    for (std::size_t offset = 0; offset < whole; offset += log_piece_bytes_max) {
        const auto out =
            std::span(piece).first(std::min<std::size_t>(whole - offset, log_piece_bytes_max));
        if (!read_log(nvme::log_error, offset, out)) {
            return std::nullopt;
        }
        for (std::size_t at = 0; at < out.size(); at += nvme::error_entry_bytes) {
            const auto entry =
                nvme::get_error_entry(out.subspan(at).first<nvme::error_entry_bytes>());
            if (entry.count == 0) { // The rest has never been used.
                return entries;
            }
            entries.push_back(entry);
        }
    }
    return entries;
}

std::optional<std::uint32_t> Controller::feature(std::uint8_t identifier) {
    deadline_ = clock_.now() + settings_.connect_timeout;
    const auto answer =
        admin_->execute({.entry = nvme::get_feature_command(identifier)}, clock_, deadline_);
    return answer.is_good() ? std::optional(answer.dword0) : std::nullopt;
}

} // namespace drivers::nvme_tcp
