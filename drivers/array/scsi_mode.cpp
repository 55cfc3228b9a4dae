// SPDX-License-Identifier: Apache-2.0
// MODE SENSE and MODE SELECT (SPC-5 6.13 ff., pages of SPC-5 7.5 and SBC-4 6.5).
#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <vector>

namespace drivers::array {

using wire::Bytes;
using wire::scsi::SenseKey;
namespace code = wire::scsi::code;

namespace {

constexpr std::uint16_t saving_unsupported = 0x3900;
constexpr std::uint8_t recovery_page = 0x01;
constexpr std::uint8_t caching_page = 0x08;
constexpr std::uint8_t control_page = 0x0A;
constexpr std::uint8_t exceptions_page = 0x1C;
constexpr std::uint8_t all_pages = 0x3F;

constexpr std::uint8_t descriptor_sense_bit = 0x04; // control page byte 2
constexpr std::uint8_t software_protect_bit = 0x08; // control page byte 4
constexpr std::uint8_t mode_sense_6_code = 0x1A;
constexpr std::uint8_t mode_select_6_code = 0x15;

enum class Values : std::uint8_t { current, changeable, defaults, saved };

using Page = std::vector<std::byte>;

Page page_of(std::uint8_t number, std::size_t parameter_bytes) {
    Page page(parameter_bytes + 2);
    wire::store_u8(page, 0, number);
    wire::store_u8(page, 1, parameter_bytes);
    return page;
}

Page make_caching_page(const LunInfo& info, Values values) {
    Page page = page_of(caching_page, 18);
    if (values != Values::changeable) {
        wire::store_u8(page, 2, info.write_cache ? 0x04 : 0x00); // WCE
    }
    return page;
}

Page make_control_page(const ScsiUnit& unit, Values values) {
    Page page = page_of(control_page, 10);
    const bool changeable = values == Values::changeable;
    const bool current = values == Values::current;
    if (changeable || (current && unit.descriptor_sense)) {
        wire::store_u8(page, 2, descriptor_sense_bit);
    }
    if (changeable || (current && unit.software_write_protect)) {
        wire::store_u8(page, 4, software_protect_bit);
    }
    if (!changeable) {
        wire::store_u8(page, 3, 0x10); // unrestricted reordering
        wire::store_be16(page, 8, 0xFFFF);
    }
    return page;
}

// The page, or several for "all"; empty if there is no such page.
std::vector<Page> pages(const ScsiCall& call, std::uint8_t number, Values values) {
    std::vector<Page> out;
    const auto wants = [number](std::uint8_t page) {
        return number == page || number == all_pages;
    };
    if (wants(recovery_page)) {
        out.push_back(page_of(recovery_page, 10));
    }
    if (wants(caching_page)) {
        out.push_back(make_caching_page(call.info(), values));
    }
    if (wants(control_page)) {
        out.push_back(make_control_page(call.unit, values));
    }
    if (wants(exceptions_page)) {
        out.push_back(page_of(exceptions_page, 10));
    }
    return out;
}

void put_block_descriptor(Page& out, const LunInfo& info, bool is_long) {
    const std::uint64_t count = info.geometry.block_count;
    Page descriptor(is_long ? 16 : 8);
    if (is_long) {
        wire::store_be64(descriptor, 0, count);
        wire::store_be32(descriptor, 12, info.geometry.block_bytes);
    } else {
        wire::store_be32(descriptor, 0, std::min<std::uint64_t>(count, 0xFFFFFFFFU));
        wire::store_be24(descriptor, 5, info.geometry.block_bytes);
    }
    out.insert(out.end(), descriptor.begin(), descriptor.end());
}

// One control page as sent; only its changeable bits may differ from what is there.
bool take_control_page(ScsiCall& call, Bytes page) {
    const Page current = make_control_page(call.unit, Values::current);
    const Page changeable = make_control_page(call.unit, Values::changeable);
    for (std::size_t i = 2; i < page.size(); ++i) {
        if (((page[i] ^ current[i]) & ~changeable[i]) != std::byte{0}) {
            call.fail_parameter(static_cast<std::uint16_t>(i));
            return false;
        }
    }
    call.unit.descriptor_sense = (wire::load_u8(page, 2) & descriptor_sense_bit) != 0;
    call.unit.software_write_protect = (wire::load_u8(page, 4) & software_protect_bit) != 0;
    return true;
}

bool take_page(ScsiCall& call, Bytes page) {
    const std::uint8_t number = wire::load_u8(page, 0) & 0x3FU;
    const std::vector<Page> known = pages(call, number, Values::current);
    if (known.size() != 1 || known.front().size() != page.size()) {
        call.fail_parameter(0);
        return false;
    }
    if (number == control_page) {
        return take_control_page(call, page);
    }
    if (!std::equal(page.begin() + 2, page.end(), known.front().begin() + 2)) {
        call.fail_parameter(2);
        return false;
    }
    return true;
}

} // namespace

namespace handlers {

void mode_sense(ScsiCall& call) {
    const bool is_6 = wire::load_u8(call.cdb(), 0) == mode_sense_6_code;
    const bool no_descriptor = (wire::load_u8(call.cdb(), 1) & 0x08U) != 0;    // DBD
    const bool is_long = !is_6 && (wire::load_u8(call.cdb(), 1) & 0x10U) != 0; // LLBAA
    const auto values = static_cast<Values>(wire::load_u8(call.cdb(), 2) >> 6U);
    const std::uint8_t number = wire::load_u8(call.cdb(), 2) & 0x3FU;
    const std::uint8_t subpage = wire::load_u8(call.cdb(), 3);
    if (values == Values::saved) {
        call.fail(SenseKey::illegal_request, saving_unsupported);
        return;
    }
    const std::vector<Page> found = pages(call, number, values);
    if (found.empty() || (subpage != 0 && !(subpage == 0xFF && number == all_pages))) {
        call.fail_cdb_field(subpage != 0 ? 3 : 2);
        return;
    }
    Page out(is_6 ? 4 : 8);
    if (!no_descriptor) {
        put_block_descriptor(out, call.info(), is_long);
    }
    const std::size_t descriptor_bytes = out.size() - (is_6 ? 4 : 8);
    for (const Page& page : found) {
        out.insert(out.end(), page.begin(), page.end());
    }
    const bool is_protected = call.info().write_protected || call.unit.software_write_protect;
    const unsigned device_bits = 0x10U | (is_protected ? 0x80U : 0U); // DPOFUA, WP
    if (is_6) {
        wire::store_u8(out, 0, out.size() - 1);
        wire::store_u8(out, 2, device_bits);
        wire::store_u8(out, 3, descriptor_bytes);
    } else {
        wire::store_be16(out, 0, out.size() - 2);
        wire::store_u8(out, 3, device_bits);
        wire::store_u8(out, 4, is_long && !no_descriptor ? 1 : 0);
        wire::store_be16(out, 6, descriptor_bytes);
    }
    call.give(out, is_6 ? wire::load_u8(call.cdb(), 4) : wire::load_be16(call.cdb(), 7));
}

void mode_select(ScsiCall& call) {
    const bool is_6 = wire::load_u8(call.cdb(), 0) == mode_select_6_code;
    const std::uint8_t flags = wire::load_u8(call.cdb(), 1);
    if ((flags & 0x10U) == 0 || (flags & 0x01U) != 0) { // PF is a must, SP is not to be had.
        call.fail_cdb_field(1);
        return;
    }
    Bytes rest = call.request.data_out;
    if (rest.empty()) {
        return;
    }
    const std::size_t header = is_6 ? 4 : 8;
    const std::size_t descriptors = rest.size() < header ? 0
                                    : is_6               ? wire::load_u8(rest, 3)
                                                         : wire::load_be16(rest, 6);
    if (rest.size() < header + descriptors) {
        call.fail(SenseKey::illegal_request, code::parameter_list_length_error);
        return;
    }
    rest = rest.subspan(header + descriptors);
    const bool had_pages = !rest.empty();
    while (!rest.empty()) {
        const std::size_t length = rest.size() < 2 ? 0 : std::size_t{wire::load_u8(rest, 1)} + 2;
        if (length == 0 || length > rest.size()) {
            call.fail(SenseKey::illegal_request, code::parameter_list_length_error);
            return;
        }
        if (!take_page(call, rest.first(length))) {
            return;
        }
        rest = rest.subspan(length);
    }
    if (had_pages) {
        call.target.raise_for_others(
            call.unit.index, call.request.nexus, code::mode_parameters_changed);
    }
}

} // namespace handlers
} // namespace drivers::array
