// SPDX-License-Identifier: Apache-2.0
// Bytes of any kind as every NVMe structure that a peer may send.
#include "drivers/wire/nvme_ana_reader.h"
#include "drivers/wire/nvme_auth_message.h"
#include "drivers/wire/nvme_auth_secret.h"
#include "drivers/wire/nvme_fabrics.h"
#include "drivers/wire/nvme_identify.h"
#include "drivers/wire/nvme_log_page.h"
#include "drivers/wire/nvme_tcp_pdu.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace nvme = drivers::wire::nvme;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void check_header(std::span<const std::byte> bytes) {
    if (bytes.size() < nvme::common_header_bytes) {
        return;
    }
    const auto header = nvme::read_pdu_header(bytes.first<nvme::common_header_bytes>());
    for (const bool digest : {false, true}) {
        const auto layout = nvme::check_pdu_header(header, {.header = digest, .data = digest});
        if (layout) {
            require(layout->header_bytes <= layout->data_offset);
            const std::uint64_t end = std::uint64_t{layout->data_offset} + layout->data_bytes +
                                      (layout->data_digest ? nvme::digest_bytes : 0);
            require(end == header.pdu_bytes);
        }
    }
}

// As a log page, zeroes behind its end: it is read in pieces, and some time that ends.
void read_ana(std::span<const std::byte> bytes) {
    nvme::AnaReader reader(1);
    std::array<std::byte, nvme::AnaReader::piece_bytes_max> out{};
    for (auto piece = reader.next(); piece.bytes > 0; piece = reader.next()) {
        require(piece.bytes <= out.size());
        out.fill(std::byte{0});
        const std::size_t from = std::min<std::size_t>(piece.offset, bytes.size());
        const std::size_t count = std::min<std::size_t>(piece.bytes, bytes.size() - from);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count, out.begin());
        reader.take(std::span(out).first(piece.bytes));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    check_header(bytes);
    nvme::IdentifyPage page{};
    std::copy_n(bytes.begin(), std::min(size, page.size()), page.begin());
    (void)nvme::get_identify_controller(page);
    const auto space = nvme::get_identify_namespace(page);
    require(!space || (space->block_exponent >= 9 && space->block_exponent <= 16));
    (void)nvme::get_namespace_identifiers(page);
    (void)nvme::get_namespace_list(page);
    (void)nvme::get_connect_data(std::span(page).first<nvme::connect_data_bytes>());
    (void)nvme::get_discovery_entry(std::span(page).first<nvme::discovery_entry_bytes>());
    read_ana(bytes);
    (void)nvme::get_auth_negotiate(bytes);
    (void)nvme::get_auth_challenge(bytes);
    (void)nvme::get_auth_failure(bytes);
    for (const std::size_t hash_bytes : {32U, 48U, 64U}) {
        (void)nvme::get_auth_reply(bytes, hash_bytes);
        (void)nvme::get_auth_success1(bytes, hash_bytes);
    }
    const auto secret =
        nvme::parse_auth_secret(std::string_view(reinterpret_cast<const char*>(data), size));
    require(!secret || nvme::parse_auth_secret(nvme::auth_secret_text(*secret)).has_value());
    return 0;
}
