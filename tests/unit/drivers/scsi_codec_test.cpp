// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/scsi_cdb.h"
#include "drivers/wire/scsi_sense.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace drivers::wire;
using namespace drivers::wire::scsi;

namespace {

std::vector<std::byte> cdb(std::initializer_list<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    out.resize(16);
    return out;
}

} // namespace

TEST_CASE("ranges stand where each length of CDB has them", "[scsi_cdb]") {
    const auto six = parse_block_cdb(cdb({0x08, 0x1F, 0xFF, 0xFE, 0}));
    REQUIRE(six);
    CHECK(six->lba == 0x1FFFFE);
    CHECK(six->block_count == 256);
    const auto ten = parse_block_cdb(cdb({0x2A, 0x58, 0, 0, 1, 0, 0, 0x02, 0x03}));
    REQUIRE(ten);
    CHECK(ten->action == BlockAction::write);
    CHECK(ten->lba == 256);
    CHECK(ten->block_count == 0x203);
    CHECK(ten->protect == 2);
    CHECK(ten->disable_page_out);
    CHECK(ten->force_unit_access);
    const auto twelve = parse_block_cdb(cdb({0xA8, 0, 0, 0, 0, 7, 0, 1, 0, 0}));
    REQUIRE(twelve);
    CHECK(twelve->block_count == 0x10000);
    const auto sixteen = parse_block_cdb(cdb({0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x10, 0}));
    REQUIRE(sixteen);
    CHECK(sixteen->lba == 0x0102030405060708ULL);
    CHECK(sixteen->block_count == 0x1000);
}

TEST_CASE("each command reads its own flags", "[scsi_cdb]") {
    const auto same = parse_block_cdb(cdb({0x93, 0x19}));
    REQUIRE(same);
    CHECK(same->anchor);
    CHECK(same->unmap);
    CHECK(same->no_data_out);
    CHECK_FALSE(same->force_unit_access);
    const auto same_10 = parse_block_cdb(cdb({0x41, 0x09}));
    REQUIRE(same_10);
    CHECK(same_10->unmap);
    CHECK_FALSE(same_10->no_data_out); // WRITE SAME(10) has no such bit.
    const auto check = parse_block_cdb(cdb({0x2F, 0x06}));
    REQUIRE(check);
    CHECK(check->byte_check == 3);
    const auto swap = parse_block_cdb(cdb({0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 4}));
    REQUIRE(swap);
    CHECK(swap->block_count == 4);
    const auto atomic = parse_block_cdb(cdb({0x9C, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 1, 2}));
    REQUIRE(atomic);
    CHECK(atomic->block_count == 0x102);
}

TEST_CASE("a CDB that is short or of another kind names no range", "[scsi_cdb]") {
    CHECK_FALSE(parse_block_cdb({}));
    CHECK_FALSE(parse_block_cdb(cdb({0x12})));
    const auto whole = cdb({0x88});
    CHECK_FALSE(parse_block_cdb(Bytes(whole).first(15)));
    CHECK(cdb_bytes(0x12) == 6);
    CHECK(cdb_bytes(0x7F) == 0); // Variable length.
    CHECK(parameter_bytes(cdb({0x12, 0, 0, 0x01, 0x02})) == 0x102);
    CHECK(parameter_bytes(cdb({0x5F, 0, 0, 0, 0, 0, 0, 0, 24})) == 24);
    CHECK_FALSE(parameter_bytes(cdb({0x00})));
    CHECK_FALSE(parameter_bytes(Bytes(whole).first(1)));
}

TEST_CASE("sense survives both formats", "[scsi_sense]") {
    Sense sense;
    sense.key = SenseKey::medium_error;
    sense.code = code::unrecovered_read_error;
    sense.information = 0x12345678;
    const SenseBytes fixed = encode_fixed_sense(sense);
    CHECK(fixed.count == 18);
    CHECK(fixed.bytes[0] == std::byte{0xF0}); // VALID, current
    CHECK(fixed.bytes[2] == std::byte{0x03});
    CHECK(fixed.bytes[12] == std::byte{0x11});
    for (const SenseBytes& bytes : {fixed, encode_descriptor_sense(sense)}) {
        const auto parsed = parse_sense(bytes.view());
        REQUIRE(parsed);
        CHECK(parsed->key == SenseKey::medium_error);
        CHECK(parsed->code == 0x1100);
        CHECK(parsed->information == 0x12345678);
        CHECK_FALSE(parsed->field);
    }
}

TEST_CASE("a field pointer says CDB or data, wide information needs descriptors", "[scsi_sense]") {
    Sense sense;
    sense.key = SenseKey::illegal_request;
    sense.code = code::invalid_field_in_cdb;
    sense.field = 10;
    sense.information = 0x1'0000'0000ULL;
    const auto fixed = parse_sense(encode_fixed_sense(sense).view());
    REQUIRE(fixed);
    CHECK_FALSE(fixed->information);
    CHECK(fixed->field == 10);
    CHECK_FALSE(fixed->field_in_data);
    sense.field_in_data = true;
    const auto descriptors = parse_sense(encode_descriptor_sense(sense).view());
    REQUIRE(descriptors);
    CHECK(descriptors->information == 0x1'0000'0000ULL);
    CHECK(descriptors->field_in_data);
}

TEST_CASE("sense cut anywhere is read as far as it goes or not at all", "[scsi_sense]") {
    Sense sense;
    sense.key = SenseKey::unit_attention;
    sense.code = code::access_state_changed;
    sense.field = 3;
    sense.information = 7;
    for (const SenseBytes& bytes : {encode_fixed_sense(sense), encode_descriptor_sense(sense)}) {
        for (std::size_t length = 0; length <= bytes.count; ++length) {
            const auto parsed = parse_sense(bytes.view().first(length));
            CHECK(parsed.has_value() == (length >= 8));
        }
    }
    const std::array nonsense{std::byte{0x12}, std::byte{0x34}};
    CHECK_FALSE(parse_sense(nonsense));
}
