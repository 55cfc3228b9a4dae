// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"
#include "drivers/wire/nvme_fabrics.h"
#include "drivers/wire/nvme_identify.h"
#include "drivers/wire/nvme_log_page.h"
#include "drivers/wire/nvme_tcp_pdu.h"

#include <catch2/catch.hpp>

#include <array>
#include <vector>

namespace nvme = drivers::wire::nvme;
using drivers::wire::get_le;
using drivers::wire::put_le;
using nvme::PduType;

namespace {

std::vector<std::byte> from_hex(std::string_view text) {
    std::vector<std::byte> out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(
            static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

nvme::PduHeader header_of(
    PduType type, std::uint8_t flags, std::uint8_t bytes, std::uint8_t offset, std::uint32_t all) {
    return {.type = static_cast<std::uint8_t>(type),
            .flags = flags,
            .header_bytes = bytes,
            .data_offset = offset,
            .pdu_bytes = all};
}

} // namespace

TEST_CASE("a read command stands on the wire as the specification draws it", "[nvme][wire]") {
    nvme::SubmissionEntry entry = nvme::block_command(nvme::opcode_read, 1, 0x0102030405ULL, 8);
    entry.command_id = 0xABCD;
    entry.sgl_bytes = 4096;
    entry.sgl_type = nvme::sgl_transport;
    std::array<std::byte, nvme::header_bytes_max> out{};
    const nvme::PduWriter plain;
    REQUIRE(plain.capsule_cmd(out, entry, 0) == 72);
    const auto wanted = from_hex("0400480048000000"                 // CapsuleCmd, HLEN 72, PLEN 72
                                 "0240cdab01000000"                 // read, SGL, CID, NSID
                                 "00000000000000000000000000000000" // CDW2, CDW3, MPTR
                                 "0000000000000000001000000000005a" // SGL: transport, 4096 bytes
                                 "050403020100000007000000"         // SLBA, NLB
                                 "000000000000000000000000");
    CHECK(std::vector<std::byte>(out.begin(), out.begin() + 72) == wanted);
    CHECK(nvme::get_submission(std::span(out).first(72)).lba() == 0x0102030405ULL);
    CHECK(nvme::get_submission(std::span(out).first(72)).block_count() == 8);
}

TEST_CASE("a data PDU is padded to the peer's alignment and carries digests", "[nvme][wire]") {
    const nvme::PduWriter writer({.header = true, .data = true}, 15); // 64 bytes
    std::array<std::byte, nvme::header_bytes_max> out{};
    const std::size_t before =
        writer.data(out,
                    PduType::h2c_data,
                    {.command_id = 5, .transfer_tag = 9, .offset = 512, .bytes = 1024},
                    nvme::flag_last);
    CHECK(before == 64);
    const auto header = nvme::read_pdu_header(std::span(out).first<8>());
    CHECK(header.pdu_bytes == 64 + 1024 + 4);
    CHECK(header.flags == (nvme::flag_header_digest | nvme::flag_data_digest | nvme::flag_last));
    CHECK(nvme::header_digest_fits(std::span(out).first(28)));
    out[9] ^= std::byte{0x40};
    CHECK_FALSE(nvme::header_digest_fits(std::span(out).first(28)));
    out[9] ^= std::byte{0x40};
    const auto layout = nvme::check_pdu_header(header, {.header = true, .data = true});
    REQUIRE(layout);
    CHECK(layout->data_offset == 64);
    CHECK(layout->data_bytes == 1024);
    const auto transfer = nvme::get_transfer(out);
    CHECK(transfer.command_id == 5);
    CHECK(transfer.transfer_tag == 9);
    CHECK(transfer.offset == 512);
}

TEST_CASE("a common header that contradicts itself is refused", "[nvme][wire]") {
    const nvme::Digests none;
    const nvme::Digests both{.header = true, .data = true};
    const auto hd = nvme::flag_header_digest;
    const auto dd = nvme::flag_data_digest;
    // Sound ones first, so that each refusal below is the change's own.
    CHECK(nvme::check_pdu_header(header_of(PduType::c2h_data, 0, 24, 24, 24 + 512), none));
    CHECK(
        nvme::check_pdu_header(header_of(PduType::c2h_data, hd | dd, 24, 28, 28 + 512 + 4), both));
    CHECK(nvme::check_pdu_header(header_of(PduType::capsule_cmd, 0, 72, 0, 72), none));
    CHECK(nvme::check_pdu_header(header_of(PduType::ic_resp, 0, 128, 0, 128), none));
    for (const auto& [header, digests] : std::vector<std::pair<nvme::PduHeader, nvme::Digests>>{
             {header_of(static_cast<PduType>(8), 0, 24, 0, 24), none},
             {header_of(static_cast<PduType>(0xFF), 0, 24, 0, 24), none},
             {header_of(PduType::c2h_data, 0, 23, 24, 24 + 512), none},
             {header_of(PduType::c2h_data, 0, 24, 20, 24 + 512), none}, // inside the header
             {header_of(PduType::c2h_data, 0, 24, 25, 25 + 512), none}, // not aligned
             {header_of(PduType::c2h_data, 0, 24, 255, 100), none},     // beyond the end
             {header_of(PduType::c2h_data, 0, 24, 24, 20), none},
             {header_of(PduType::c2h_data, hd, 24, 28, 28 + 512), none}, // not agreed on
             {header_of(PduType::c2h_data, dd, 24, 24, 24 + 516), none},
             {header_of(PduType::c2h_data, hd, 24, 28, 28 + 512), both}, // data digest missing
             {header_of(PduType::c2h_data, dd, 24, 28, 28 + 516), both},
             {header_of(PduType::c2h_data, hd | dd, 24, 28, 28 + 4), both}, // a digest of nothing
             {header_of(PduType::capsule_resp, 0, 24, 24, 24 + 512), none}, // carries no data
             {header_of(PduType::r2t, 0, 24, 24, 28), none},
             {header_of(PduType::ic_resp, 0, 128, 0, 129), none},
             {header_of(PduType::ic_resp, hd, 128, 0, 128), none},
             {header_of(PduType::c2h_term_req, 0, 24, 0, 24 + 129), none},
             {header_of(PduType::c2h_term_req, 0, 24, 0, 23), none}}) {
        INFO("type " << int(header.type) << " flags " << int(header.flags) << " bytes "
                     << header.pdu_bytes);
        CHECK_FALSE(nvme::check_pdu_header(header, digests));
    }
}

TEST_CASE("Connect data keeps its names and refuses endless ones", "[nvme][wire]") {
    std::array<std::byte, nvme::connect_data_bytes> page{};
    nvme::ConnectData values;
    values.host_id[3] = std::byte{9};
    values.controller_id = 0x1234;
    values.subsystem_nqn = "nqn.2026-01.org.arraybench:a";
    values.host_nqn = "nqn.2026-01.org.arraybench:host";
    nvme::put_connect_data(page, values);
    const auto read = nvme::get_connect_data(page);
    REQUIRE(read);
    CHECK(read->host_id == values.host_id);
    CHECK(read->controller_id == 0x1234);
    CHECK(read->subsystem_nqn == values.subsystem_nqn);
    CHECK(read->host_nqn == values.host_nqn);
    auto endless = page;
    std::fill(endless.begin() + 256, endless.begin() + 512, std::byte{'a'});
    CHECK_FALSE(nvme::get_connect_data(endless));
    CHECK(nvme::unsound_name_at(endless) == nvme::connect_subsystem_at);
    auto endless_host = page;
    std::fill(endless_host.begin() + 512, endless_host.begin() + 768, std::byte{'a'});
    CHECK_FALSE(nvme::get_connect_data(endless_host));
    CHECK(nvme::unsound_name_at(endless_host) == nvme::connect_host_at);
    auto nameless = page;
    nameless[512] = std::byte{0}; // Some hosts have no name.
    REQUIRE(nvme::get_connect_data(nameless));
    CHECK(nvme::get_connect_data(nameless)->host_nqn.empty());
    nameless[256] = std::byte{0}; // A subsystem always has one.
    CHECK_FALSE(nvme::get_connect_data(nameless));
}

TEST_CASE("identify structures survive the wire", "[nvme][wire]") {
    nvme::IdentifyPage page{};
    nvme::IdentifyController controller;
    controller.serial = "SER";
    controller.model = "A model with a long name that is cut after forty";
    controller.transfer_exponent = 5;
    controller.command_capsule_16_bytes = 260;
    controller.ana_group_count = 3;
    controller.volatile_write_cache = true;
    nvme::put_identify_controller(page, controller);
    const auto read = nvme::get_identify_controller(page);
    CHECK(read.serial == "SER");
    CHECK(read.model == controller.model.substr(0, 40));
    CHECK(read.transfer_exponent == 5);
    CHECK(read.command_capsule_16_bytes == 260);
    CHECK(read.ana_group_count == 3);
    CHECK(read.volatile_write_cache);

    nvme::IdentifyNamespace space;
    space.size_blocks = 1000;
    space.block_exponent = 12;
    space.ana_group = 2;
    space.nguid[15] = std::byte{0xEE};
    nvme::put_identify_namespace(page, space);
    const auto found = nvme::get_identify_namespace(page);
    REQUIRE(found);
    CHECK(found->size_blocks == 1000);
    CHECK(found->block_exponent == 12);
    CHECK(found->nguid == space.nguid);
    page[26] = std::byte{1}; // A format that is not listed.
    CHECK_FALSE(nvme::get_identify_namespace(page));
    page[26] = std::byte{0};
    page[130] = std::byte{40}; // Blocks of a tebibyte.
    CHECK_FALSE(nvme::get_identify_namespace(page));
}

TEST_CASE("identifiers of zeros are none", "[nvme][wire]") {
    nvme::IdentifyPage page{};
    std::array<std::byte, 16> nguid{};
    std::array<std::byte, 16> uuid{};
    nvme::put_namespace_identifiers(page, nguid, uuid);
    CHECK(nvme::get_namespace_identifiers(page).nguid.empty());
    CHECK(nvme::get_namespace_identifiers(page).uuid.empty());
    uuid[15] = std::byte{1};
    nvme::put_namespace_identifiers(page, nguid, uuid);
    CHECK(nvme::get_namespace_identifiers(page).nguid.empty());
    CHECK(nvme::get_namespace_identifiers(page).uuid == std::string(31, '0') + "1");
    page = {};
    page[0] = std::byte{1}; // EUI-64
    page[1] = std::byte{8};
    CHECK(nvme::get_namespace_identifiers(page).eui64.empty());
    page[4] = std::byte{0x80};
    CHECK(nvme::get_namespace_identifiers(page).eui64 == "8000000000000000");
}

TEST_CASE("a discovery log lists its subsystems", "[nvme][wire]") {
    const std::vector<nvme::DiscoveryEntry> entries{{.subsystem_type = 2,
                                                     .port_id = 4,
                                                     .address = "10.0.0.1",
                                                     .service = "4420",
                                                     .subsystem_nqn = "nqn.a",
                                                     .transport = 3}};
    const auto page = nvme::make_discovery_log(9, entries);
    const auto header = nvme::get_discovery_header(std::span(page).first<1024>());
    CHECK(header.generation == 9);
    CHECK(header.record_count == 1);
    const auto entry = nvme::get_discovery_entry(std::span(page).subspan<1024, 1024>());
    CHECK(entry.address == "10.0.0.1");
    CHECK(entry.service == "4420");
    CHECK(entry.subsystem_nqn == "nqn.a");
    CHECK(entry.port_id == 4);
}

TEST_CASE("what a peer calls itself is made printable", "[nvme][wire]") {
    CHECK(drivers::wire::get_text(from_hex("41421b5b00434420")) == "AB?[");
    CHECK(drivers::wire::get_text(from_hex("4142202020")) == "AB");
    CHECK(nvme::status_text(0x285) == "compare failure (status 0x285)");
    CHECK(nvme::status_text(0x7FF) == "unknown (status 0x7ff)");
}
