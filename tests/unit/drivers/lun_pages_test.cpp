// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/lun_serial.h"
#include "drivers/iscsi/lun_facts.h"
#include "drivers/iscsi/scsi_commands.h"
#include "drivers/wire/lun_pages.h"

#include <catch2/catch.hpp>

#include <initializer_list>
#include <string_view>

using namespace drivers::iscsi;
using namespace drivers::wire::scsi;
using drivers::wire::Bytes;

namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

void append(std::vector<std::byte>& to, std::initializer_list<int> header, std::size_t more) {
    const auto bytes = bytes_of(header);
    to.insert(to.end(), bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < more; ++i) {
        to.push_back(static_cast<std::byte>(0x60 + i));
    }
}

// VPD 0x83 with a T10 name, an EUI-64, a NAA-5, a NAA-6, port group 3 and relative port 9.
std::vector<std::byte> device_ids() {
    auto page = bytes_of({0, 0x83, 0, 0});
    append(page, {0x02, 0x01, 0, 4}, 4);
    append(page, {0x01, 0x02, 0, 8}, 8);
    append(page, {0x01, 0x03, 0, 8, 0x50}, 7);
    append(page, {0x01, 0x03, 0, 16}, 16);
    append(page, {0x51, 0x15, 0, 4, 0, 0, 0, 3}, 0);
    append(page, {0x51, 0x14, 0, 4, 0, 0, 0, 9}, 0);
    page[3] = static_cast<std::byte>(page.size() - 4);
    return page;
}

} // namespace

TEST_CASE("the NAA-6 name is preferred, and the port's group and number are found", "[lun_pages]") {
    const DeviceIds ids = parse_device_ids(device_ids());
    CHECK(ids.unique_id == "606162636465666768696a6b6c6d6e6f");
    CHECK(ids.port_group == 3);
    CHECK(ids.relative_port == 9);
}

TEST_CASE("without NAA-6 the EUI-64 is taken, before shorter NAA names", "[lun_pages]") {
    auto page = device_ids();
    page[4 + 8 + 12 + 12] = std::byte{0x02}; // The 16-byte name becomes ASCII, so no binary NAA.
    page[4 + 8 + 12 + 12 + 1] = std::byte{0x01};
    CHECK(parse_device_ids(page).unique_id == "6061626364656667");
}

TEST_CASE("a LUN is known by its UUID, its SCSI name or its vendor's name where it has no other",
          "[lun_pages]") {
    const auto id_of = [](int type, std::string_view value, int association = 0) {
        auto page = bytes_of({0, 0x83, 0, 0, 2, association << 4 | type, 0});
        page.push_back(static_cast<std::byte>(value.size()));
        for (const char letter : value) {
            page.push_back(static_cast<std::byte>(letter));
        }
        page[3] = static_cast<std::byte>(page.size() - 4);
        return parse_device_ids(page).unique_id;
    };
    constexpr int uuid = 0xa;
    constexpr int name = 0x8;
    constexpr int vendor = 0x1;
    using std::string_view;
    CHECK(id_of(uuid, string_view("\x10\0ABCDEFGHIJKLMNOP", 18)) ==
          "4142434445464748494a4b4c4d4e4f50");
    CHECK(id_of(uuid, string_view("\x10\0ABCDEFGHIJKLMNO", 17)).empty());
    CHECK(id_of(name, string_view("naa.600140500000000000000000000000A1\0\0\0\0", 40)) ==
          "600140500000000000000000000000a1");
    CHECK(id_of(name, string_view("eui.0011223344556677\0\0\0\0", 24)) == "0011223344556677");
    CHECK(id_of(name, string_view("iqn.a:1\0", 8)) == "69716e2e613a31");
    CHECK(id_of(name, string_view("naa.60014050zz000000", 20)).empty());
    CHECK(id_of(vendor, "QUIRKY  v1") == "515549524b5920207631");
    CHECK(id_of(vendor, "QUIRKY  v1") != id_of(vendor, "QUIRKY  v2"));
    CHECK(id_of(vendor, "QUIRKY  ").empty()); // The vendor alone names no LUN.
    CHECK(id_of(vendor, "QUIRKY    ").empty());
    for (const int type : {uuid, name, vendor}) {
        CHECK(id_of(type, "\x10 ABCDEFGHIJKLMNOP", 1).empty()); // The port's.
        CHECK(id_of(type, "\x10 ABCDEFGHIJKLMNOP", 2).empty()); // The array's.
    }
}

TEST_CASE("a serial is the same however it is padded and written", "[lun_pages]") {
    CHECK(drivers::plain_serial("  Quirky 01 ") == "quirky 01");
    CHECK(drivers::plain_serial("   ").empty());
}

TEST_CASE("a name of nothing but zeroes names no LUN", "[lun_pages]") {
    const auto id_of = [](std::initializer_list<int> header, std::size_t zeroes) {
        auto page = bytes_of({0, 0x83, 0, 0});
        append(page, header, 0);
        page.resize(page.size() + zeroes);
        page[3] = static_cast<std::byte>(page.size() - 4);
        return parse_device_ids(page).unique_id;
    };
    CHECK(id_of({1, 2, 0, 8}, 8).empty());
    CHECK(id_of({1, 3, 0, 16, 0x60}, 15).empty());
    CHECK(id_of({1, 3, 0, 8, 0x50}, 7).empty());
    CHECK(id_of({1, 10, 0, 18, 0x10, 0}, 16).empty());
    CHECK(id_of({1, 3, 0, 8, 0x51}, 7) == "5100000000000000");
}

TEST_CASE("the order in which names are listed does not matter", "[lun_pages]") {
    auto one = bytes_of({0, 0x83, 0, 40});
    append(one, {1, 3, 0, 16, 0x60, 1}, 14);
    append(one, {1, 3, 0, 16, 0x60, 2}, 14);
    auto other = bytes_of({0, 0x83, 0, 40});
    append(other, {1, 3, 0, 16, 0x60, 2}, 14);
    append(other, {1, 3, 0, 16, 0x60, 1}, 14);
    CHECK(parse_device_ids(one).unique_id == parse_device_ids(other).unique_id);
    CHECK(parse_device_ids(one).unique_id.substr(0, 4) == "6001");
}

TEST_CASE("names of a port do not become names of the LUN", "[lun_pages]") {
    auto page = bytes_of({0, 0x83, 0, 20});
    append(page, {0x01, 0x13, 0, 16}, 16);
    CHECK(parse_device_ids(page).unique_id.empty());
}

TEST_CASE("every page survives being cut at any length, and being another page", "[lun_pages]") {
    std::vector<std::byte> page = device_ids();
    page.resize(512, std::byte{0xff});
    for (const int code : {0x80, 0x83, 0xb0, 0xb2}) {
        page[1] = static_cast<std::byte>(code);
        for (std::size_t length = 0; length <= page.size(); ++length) {
            const Bytes cut = Bytes(page).first(length);
            (void)parse_inquiry(cut);
            (void)parse_serial(cut);
            (void)parse_device_ids(cut);
            (void)parse_block_limits(cut);
            (void)parse_provisioning(cut);
            (void)parse_capacity(cut);
            (void)parse_cache_mode(cut);
            (void)parse_port_groups(cut);
            (void)parse_reservation(cut);
        }
    }
    CHECK(parse_serial(device_ids()).empty());
    CHECK_FALSE(parse_block_limits(device_ids()));
}

TEST_CASE("an array's names cannot carry control characters", "[lun_pages]") {
    std::vector<std::byte> inquiry(36, std::byte{' '});
    inquiry[8] = std::byte{0x1b};
    inquiry[9] = std::byte{'['};
    inquiry[10] = std::byte{0x9b};
    inquiry[11] = std::byte{'x'};
    const auto parsed = parse_inquiry(inquiry);
    REQUIRE(parsed);
    CHECK(parsed->vendor == "?[?x");
}

TEST_CASE("a capacity that cannot be is refused", "[lun_pages]") {
    auto good = bytes_of({0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 2, 0, 0, 3, 0xc0, 0});
    const auto capacity = parse_capacity(good);
    REQUIRE(capacity);
    CHECK(capacity->block_count == 65536);
    CHECK(capacity->block_bytes == 512);
    CHECK(capacity->thin);
    CHECK(capacity->unmapped_reads_zero);
    CHECK(capacity->physical_exponent == 3);
    auto odd = good;
    odd[11] = std::byte{1};                         // 513 bytes
    CHECK(parse_capacity(odd)->block_bytes == 513); // Whether it can be driven is another question.
    odd[10] = odd[11] = std::byte{0};
    CHECK_FALSE(parse_capacity(odd));
    auto huge = good;
    for (std::size_t i = 0; i < 8; ++i) {
        huge[i] = std::byte{0xff};
    }
    CHECK_FALSE(parse_capacity(huge));
}

TEST_CASE("the port's own group decides how the LUN can be reached", "[lun_pages]") {
    // Two groups: 1 optimized with port 1, 2 in the state under test with port 9.
    auto answer = bytes_of({0, 0, 0,    24, 0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0,
                            0, 1, 0x01, 0,  0,    2, 0, 0, 0, 1, 0, 0, 0, 9});
    LunFacts facts;
    facts.ids.relative_port = 9;
    const auto access = [&](int state) {
        answer[16] = static_cast<std::byte>(state);
        facts.groups = parse_port_groups(answer);
        REQUIRE(facts.groups.size() == 2);
        return access_of(facts);
    };
    CHECK(access(0x0) == drivers::Access::optimized);
    CHECK(access(0x1) == drivers::Access::non_optimized);
    CHECK(access(0x2) == drivers::Access::standby);
    CHECK(access(0x3) == drivers::Access::unavailable);
    CHECK(access(0xe) == drivers::Access::unavailable);
    CHECK(access(0xf) == drivers::Access::transitioning);
    facts.ids.port_group = 1; // Says so itself: believed before the port list.
    CHECK(access(0x2) == drivers::Access::optimized);
    CHECK(facts.groups[0].preferred);
}

TEST_CASE("the cache bit is found behind block descriptors, and only there", "[lun_pages]") {
    auto sense = bytes_of({0, 30, 0, 0x80, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x88, 0x12, 0x04});
    sense.resize(32);
    const auto cache = parse_cache_mode(sense);
    REQUIRE(cache);
    CHECK(cache->write_protected);
    CHECK(cache->write_cache);
    sense[16] = std::byte{0x8a}; // Another page.
    CHECK_FALSE(parse_cache_mode(sense)->write_cache);
}

TEST_CASE("a reservation shows its key", "[lun_pages]") {
    auto answer =
        bytes_of({0, 0, 0, 1, 0, 0, 0, 16, 0xab, 0xcd, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 5, 0, 0});
    CHECK(parse_reservation(answer) == "abcd000000000001");
    answer[7] = std::byte{0};
    CHECK(parse_reservation(answer).empty());
}

TEST_CASE("unmap splits ranges above 32 bits and knows its limit", "[lun_pages]") {
    std::vector<std::byte> out;
    const std::array<drivers::BlockRange, 2> ranges{{{5, 0x100000001}, {7, 0}}};
    REQUIRE(unmap_parameters(ranges, out));
    REQUIRE(out.size() == 8 + 32);
    CHECK(drivers::wire::load_be16(out, 0) == 38);
    CHECK(drivers::wire::load_be16(out, 2) == 32);
    CHECK(drivers::wire::load_be64(out, 8) == 5);
    CHECK(drivers::wire::load_be32(out, 16) == 0xffffffff);
    CHECK(drivers::wire::load_be64(out, 24) == 0x100000004);
    CHECK(drivers::wire::load_be32(out, 32) == 2);
    const std::vector<drivers::BlockRange> many(5000, drivers::BlockRange{1, 1});
    CHECK_FALSE(unmap_parameters(many, out));
}
