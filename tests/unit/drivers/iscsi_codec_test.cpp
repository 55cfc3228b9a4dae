// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/iscsi_pdu.h"
#include "drivers/wire/iscsi_text.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace drivers::wire;
using namespace drivers::wire::iscsi;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto* const first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
}

std::vector<std::byte> raw(std::initializer_list<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

} // namespace

TEST_CASE("a header says what its bytes say", "[iscsi_pdu]") {
    BasicHeader header = make_header(Opcode::data_in, flag::final | flag::has_status, 0x01020304);
    header.set_byte(0, header.byte(0) | 0x40U);
    header.set_data_bytes(0x123456);
    header.set_lun(0x0005000000000000ULL);
    header.set(Word::stat_sn, 0xAABBCCDD);
    CHECK(header.opcode() == Opcode::data_in);
    CHECK(header.is_immediate());
    CHECK(header.has(flag::final));
    CHECK_FALSE(header.has(flag::overflow));
    CHECK(header.task_tag() == 0x01020304);
    CHECK(header.data_bytes() == 0x123456);
    CHECK(header.bytes[5] == std::byte{0x12});
    CHECK(header.bytes[24] == std::byte{0xAA});
    CHECK(header.bytes[16] == std::byte{0x01});
    CHECK(lun_index(header.lun()) == 5);
}

TEST_CASE("a PDU's parts add up with and without digests", "[iscsi_pdu]") {
    BasicHeader header = make_header(Opcode::scsi_command, 0, 1);
    header.set_byte(4, 3); // 12 bytes of additional headers
    header.set_data_bytes(5);
    CHECK(extent_of(header, {}).total() == 48 + 12 + 5 + 3);
    CHECK(extent_of(header, {true, true}).total() == 48 + 12 + 4 + 5 + 3 + 4);
    CHECK(extent_of(header, {true, true}).head() == 48 + 12 + 4);
    header.set_data_bytes(0);
    CHECK(extent_of(header, {false, true}).total() == 48 + 12); // No data, no data digest.
}

TEST_CASE("additional headers are found, and broken ones refused", "[iscsi_pdu]") {
    const auto both = raw({0, 5, 2, 0, 0, 0, 0x10, 0, 0, 9, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8});
    const auto found = parse_additional_headers(both);
    REQUIRE(found);
    CHECK(found->bidirectional_read_bytes == 0x1000);
    CHECK(found->extended_cdb.size() == 8);
    CHECK(parse_additional_headers({}));
    CHECK_FALSE(parse_additional_headers(raw({0, 5})));
    CHECK_FALSE(parse_additional_headers(raw({0xFF, 0xFF, 1, 0})));       // Longer than there is.
    CHECK_FALSE(parse_additional_headers(raw({0, 1, 9, 0})));             // No such type.
    CHECK_FALSE(parse_additional_headers(raw({0, 0, 1, 0})));             // Shorter than itself.
    CHECK_FALSE(parse_additional_headers(raw({0, 9, 2, 0, 0, 0, 0, 0}))); // Type 2 of odd length.
}

TEST_CASE("LUNs are read by peripheral and flat addressing alone", "[iscsi_pdu]") {
    CHECK(lun_index(0x00FF000000000000ULL) == 255);
    CHECK(lun_index(0x4101000000000000ULL) == 257);
    CHECK_FALSE(lun_index(0x0101000000000000ULL)); // Another bus.
    CHECK_FALSE(lun_index(0xC101000000000000ULL)); // Well known unit.
    CHECK_FALSE(lun_index(0x0001000000000001ULL)); // Second level.
    for (const unsigned number : {0U, 1U, 255U, 256U, 4095U}) {
        const auto index = static_cast<std::uint16_t>(number);
        CHECK(lun_index(lun_field(index)) == index);
    }
}

TEST_CASE("serial numbers compare around their wrap", "[iscsi_pdu]") {
    CHECK(serial_less(1, 2));
    CHECK_FALSE(serial_less(2, 2));
    CHECK(serial_less(0xFFFFFFFF, 0));
    CHECK_FALSE(serial_less(0, 0xFFFFFFFF));
}

TEST_CASE("text keys are cut at their zero bytes", "[iscsi_text]") {
    const auto text = bytes_of(std::string_view("A=1\0B=x=y\0C=\0\0", 14));
    const auto pairs = parse_text(text);
    REQUIRE(pairs);
    REQUIRE(pairs->size() == 3);
    CHECK((*pairs)[1].key == "B");
    CHECK((*pairs)[1].value == "x=y");
    CHECK((*pairs)[2].value.empty());
}

TEST_CASE("text that breaks the rules is refused", "[iscsi_text]") {
    CHECK_FALSE(parse_text(bytes_of("A=1")));                          // Not closed.
    CHECK_FALSE(parse_text(bytes_of(std::string_view("A\0", 2))));     // No value.
    CHECK_FALSE(parse_text(bytes_of(std::string_view("=1\0", 3))));    // No key.
    CHECK_FALSE(parse_text(bytes_of(std::string_view("A B=1\0", 6)))); // No such character.
    CHECK_FALSE(parse_text(bytes_of(std::string(64, 'k') + std::string("=1\0", 3))));
    std::string many;
    for (int i = 0; i < 300; ++i) {
        append_text(many, "K", "1");
    }
    CHECK_FALSE(parse_text(bytes_of(many)));
    std::string longest;
    append_text(longest, "K", std::string(8193, 'v'));
    CHECK_FALSE(parse_text(bytes_of(longest)));
}

TEST_CASE("numbers and binary values come in every spelling of the standard", "[iscsi_text]") {
    CHECK(parse_number("262144") == 262144);
    CHECK(parse_number("0x40000") == 262144);
    CHECK_FALSE(parse_number(""));
    CHECK_FALSE(parse_number("12k"));
    CHECK_FALSE(parse_number("-1"));
    CHECK_FALSE(parse_number("0x"));
    CHECK_FALSE(parse_number("18446744073709551616"));
    CHECK(parse_binary("0x0aFf", 2) == raw({0x0A, 0xFF}));
    CHECK(parse_binary("0xaFf", 2) == raw({0x0A, 0xFF}));
    CHECK(parse_binary("0bTWFu", 3) == bytes_of("Man"));
    CHECK(parse_binary("0bTWE=", 3) == bytes_of("Ma"));
    CHECK_FALSE(parse_binary("0x0aff", 1)); // Too long.
    CHECK_FALSE(parse_binary("0bTWFu", 2));
    CHECK_FALSE(parse_binary("0xgg", 8));
    CHECK_FALSE(parse_binary("0b*", 8));
    CHECK_FALSE(parse_binary("0b", 8));
    CHECK_FALSE(parse_binary("17", 8));
    CHECK(hex_binary(raw({0x0A, 0xFF})) == "0x0aff");
    CHECK(list_offers("CHAP,None", "None"));
    CHECK_FALSE(list_offers("CHAP,Nonesuch", "None"));
}
