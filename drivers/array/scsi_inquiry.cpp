// SPDX-License-Identifier: Apache-2.0
// INQUIRY and the vital product data pages (SPC-5 6.7 and 7.7, SBC-4 6.6).
#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <string_view>

namespace drivers::array {

using wire::Bytes;
using wire::MutableBytes;

namespace {

using Page = std::vector<std::byte>;

void put_text(Page& page, std::string_view text, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
        const char c = i < text.size() ? text[i] : ' ';
        page.push_back(static_cast<std::byte>(c >= ' ' && c <= '~' ? c : ' '));
    }
}

void put(Page& page, std::size_t width, std::uint64_t value) {
    for (std::size_t i = width; i-- > 0;) {
        page.push_back(static_cast<std::byte>(value >> 8U * i & 0xFFU));
    }
}

Page standard_inquiry(const LunInfo& info) {
    constexpr std::uint16_t sam_5 = 0x00A0;
    constexpr std::uint16_t iscsi = 0x0960;
    constexpr std::uint16_t spc_4 = 0x0460;
    constexpr std::uint16_t sbc_3 = 0x04C0;
    Page page;
    put(page, 1, 0x00); // direct access block device, connected
    put(page, 1, 0x00); // not removable
    put(page, 1, 0x06); // SPC-4
    put(page, 1, 0x12); // HISUP, response data format 2
    put(page, 1, 91);
    put(page, 1, 0x10); // TPGS: implicit asymmetric access
    put(page, 1, 0x00);
    put(page, 1, 0x02); // CMDQUE
    put_text(page, info.identity.vendor, 8);
    put_text(page, info.identity.product, 16);
    put_text(page, info.identity.revision, 4);
    page.resize(58);
    for (const std::uint16_t standard : {sam_5, iscsi, spc_4, sbc_3}) {
        put(page, 2, standard);
    }
    page.resize(96);
    return page;
}

std::uint8_t hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint8_t>(c - '0');
    }
    return static_cast<std::uint8_t>(((c | 0x20) - 'a' + 10) & 0xF);
}

// Designators (SPC-5 7.7.6): code set, association and type, then the identifier itself.
void put_designator(Page& page, unsigned code_set, unsigned type, const Page& identifier) {
    put(page, 1, code_set);
    put(page, 1, type);
    put(page, 1, 0);
    put(page, 1, identifier.size());
    page.insert(page.end(), identifier.begin(), identifier.end());
}

Page device_identification(const ScsiCall& call) {
    constexpr unsigned binary = 1;
    constexpr unsigned ascii = 2;
    constexpr unsigned of_port = 0x10;
    const Identity& identity = call.info().identity;
    const std::uint64_t port = std::uint64_t{call.nexus_name().controller} + 1;
    Page body;
    Page naa;
    const std::string& digits = identity.unique_id;
    for (std::size_t i = 0; i < 32; i += 2) {
        const unsigned high = i < digits.size() ? hex_value(digits[i]) : 0;
        const unsigned low = i + 1 < digits.size() ? hex_value(digits[i + 1]) : 0;
        put(naa, 1, high << 4U | low);
    }
    put_designator(body, binary, 3, naa);
    Page t10;
    put_text(t10, identity.vendor, 8);
    put_text(t10, identity.product, 16);
    put_text(t10, identity.serial, std::min<std::size_t>(identity.serial.size(), 64));
    put_designator(body, ascii, 1, t10);
    Page number;
    put(number, 4, port); // relative target port, and the group that is the controller
    put_designator(body, binary, of_port | 4U, number);
    put_designator(body, binary, of_port | 5U, number);
    return body;
}

Page extended_inquiry(const LunInfo& info) {
    Page body;
    put(body, 1, 0x00);
    put(body, 1, 0x07);                        // head of queue, ordered, simple
    put(body, 1, info.write_cache ? 0x01 : 0); // V_SUP
    put(body, 1, 0x01);                        // LUICLR
    body.resize(60);
    return body;
}

Page block_limits(const LunInfo& info) {
    const std::uint32_t block_bytes = info.geometry.block_bytes;
    const std::uint64_t granule = info.unmap_granule_blocks;
    const std::uint64_t transfer_max = transfer_bytes_max / block_bytes;
    Page body;
    put(body, 1, 0x00); // WSNZ 0: WRITE SAME of 0 blocks means to the end
    put(body, 1, compare_and_write_blocks_max);
    put(body, 2, std::max<std::uint64_t>(4096 / block_bytes, 1)); // optimal granularity
    put(body, 4, transfer_max);
    put(body, 4, transfer_max / 8);
    put(body, 4, 0);
    put(body, 4, info.thin ? unmap_blocks_max : 0);
    put(body, 4, info.thin ? unmap_ranges_max : 0);
    put(body, 4, info.thin ? granule : 0);
    put(body, 4, info.thin ? 0x80000000U : 0); // UGAVALID, alignment 0
    put(body, 8, write_same_blocks_max);
    put(body, 4, atomic_bytes_max / block_bytes); // any alignment and granularity, no boundaries
    body.resize(60);
    return body;
}

Page block_characteristics() {
    Page body;
    put(body, 2, 0x0001); // non-rotating
    body.resize(60);
    return body;
}

Page provisioning(const LunInfo& info) {
    Page body;
    put(body, 1, 0);
    // LBPU, LBPWS, LBPWS10; LBPRZ as the unit promises; no anchors
    put(body, 1, info.thin ? 0xE0U | (info.unmap_reads_zero ? 0x04U : 0U) : 0U);
    put(body, 1, info.thin ? 2 : 0);
    put(body, 1, 0);
    return body;
}

constexpr std::array<std::uint8_t, 7> pages_known{0x00, 0x80, 0x83, 0x86, 0xB0, 0xB1, 0xB2};

std::optional<Page> page_body(const ScsiCall& call, std::uint8_t number) {
    const LunInfo& info = call.info();
    Page body;
    switch (number) {
    case 0x00:
        for (const std::uint8_t known : pages_known) {
            put(body, 1, known);
        }
        return body;
    case 0x80:
        put_text(
            body, info.identity.serial, std::min<std::size_t>(info.identity.serial.size(), 64));
        return body;
    case 0x83:
        return device_identification(call);
    case 0x86:
        return extended_inquiry(info);
    case 0xB0:
        return block_limits(info);
    case 0xB1:
        return block_characteristics();
    case 0xB2:
        return provisioning(info);
    default:
        return std::nullopt;
    }
}

} // namespace

namespace handlers {

void inquiry(ScsiCall& call) {
    const std::uint8_t flags = wire::load_u8(call.cdb(), 1);
    const std::uint8_t number = wire::load_u8(call.cdb(), 2);
    const std::uint16_t allocation = wire::load_be16(call.cdb(), 3);
    if ((flags & 0xFEU) != 0) { // CMDDT is obsolete.
        call.fail_cdb_field(1);
        return;
    }
    if ((flags & 1U) == 0) {
        if (number != 0) {
            call.fail_cdb_field(2);
            return;
        }
        call.give(standard_inquiry(call.info()), allocation);
        return;
    }
    const auto body = page_body(call, number);
    if (!body) {
        call.fail_cdb_field(2);
        return;
    }
    Page page;
    put(page, 1, 0x00);
    put(page, 1, number);
    put(page, 2, body->size());
    page.insert(page.end(), body->begin(), body->end());
    call.give(page, allocation);
}

} // namespace handlers
} // namespace drivers::array
