// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/sector_checksum.h"
#include "bench/integrity/stamp.h"

#include <catch2/catch.hpp>

#include <zlib.h>

#include <random>
#include <set>
#include <vector>

using namespace bench::integrity;

namespace {

constexpr Stamp first{.run = 0x1122334455667788,
                      .address_bytes = 1 << 20,
                      .generation = 42,
                      .issued_ns = 123456789,
                      .lane = 3,
                      .compressible_percent = 0};

std::vector<std::byte> stamped(std::size_t sectors, Stamp stamp = first) {
    std::vector<std::byte> out(sectors * sector_bytes);
    write_stamps(out, stamp);
    return out;
}

Sector sector_of(const std::vector<std::byte>& data, std::size_t index) {
    return std::span(data).subspan(index * sector_bytes).first<sector_bytes>();
}

std::size_t deflated_bytes(const std::vector<std::byte>& data) {
    uLongf size = compressBound(data.size());
    std::vector<Bytef> out(size);
    compress(out.data(), &size, reinterpret_cast<const Bytef*>(data.data()), data.size());
    return size;
}

} // namespace

TEST_CASE("a stamped sector says its run, address, generation, lane and issue time", "[stamp]") {
    const auto data = stamped(21);
    for (std::size_t i = 0; i < 21; ++i) {
        Stamp out;
        REQUIRE(read_stamp(sector_of(data, i), out));
        CHECK(out.run == first.run);
        CHECK(out.address_bytes == first.address_bytes + i * sector_bytes);
        CHECK(out.generation == 42);
        CHECK(out.issued_ns == 123456789);
        CHECK(out.lane == 3);
    }
    CHECK(holds_stamps(data, first));
}

TEST_CASE("any flipped bit of a stamped sector is noticed and located", "[stamp]") {
    const auto clean = stamped(1);
    for (std::size_t bit = 0; bit < sector_bytes * 8; ++bit) {
        auto data = clean;
        data[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        Stamp out;
        REQUIRE_FALSE(read_stamp(sector_of(data, 0), out));
        REQUIRE_FALSE(holds_stamps(data, first));
        const Damage damage = damage_of(sector_of(data, 0), first, true);
        REQUIRE(damage.bits == 1);
        REQUIRE(damage.first_byte == bit / 8);
        REQUIRE(damage_of(sector_of(data, 0), first, false).bits == 1);
    }
    CHECK(damage_of(sector_of(clean, 0), first, true).bits == 0);
}

TEST_CASE("a stamp is refused for another run, address or generation", "[stamp]") {
    const auto data = stamped(8);
    for (int field = 0; field < 3; ++field) {
        Stamp other = first;
        (field == 0 ? other.run : field == 1 ? other.address_bytes : other.generation) ^= 512;
        CHECK_FALSE(holds_stamps(data, other));
    }
}

TEST_CASE("the checksum of a sector is the same by the processor and by isa-l", "[stamp]") {
    std::mt19937_64 random(7);
    std::vector<std::byte> data(11 * sector_bytes);
    for (auto& byte : data) {
        byte = static_cast<std::byte>(random());
    }
    std::vector<std::uint32_t> fast(11);
    std::vector<std::uint32_t> portable(11);
    sector_checksums(data, fast);
    sector_checksums_portable(data, portable);
    CHECK(fast == portable);
    CHECK(std::set<std::uint32_t>(fast.begin(), fast.end()).size() == 11);
}

TEST_CASE("the compressible share compresses and the rest does not", "[stamp]") {
    for (const std::uint8_t percent : std::initializer_list<std::uint8_t>{0, 25, 50, 75}) {
        Stamp stamp = first;
        stamp.compressible_percent = percent;
        const auto data = stamped(256, stamp);
        const double left =
            static_cast<double>(deflated_bytes(data)) / static_cast<double>(data.size());
        INFO(int{percent} << " % compressible leaves " << left);
        CHECK(left > 0.92 * (1 - percent / 100.0));
        CHECK(left < 1.01 * (1 - percent / 100.0) + 0.06);
        CHECK(holds_stamps(data, stamp));
    }
}

TEST_CASE("two sectors never look alike", "[stamp]") {
    const auto data = stamped(64);
    std::set<std::vector<std::byte>> bodies;
    for (std::size_t i = 0; i < 64; ++i) {
        const auto sector = sector_of(data, i);
        bodies.emplace(sector.begin() + 48, sector.end());
    }
    CHECK(bodies.size() == 64);
}

TEST_CASE("dictionary sectors repeat exactly and say which entry they are", "[stamp]") {
    std::vector<std::byte> one(8 * sector_bytes);
    std::vector<std::byte> two(8 * sector_bytes);
    write_dictionary(one, {.seed = 9, .entry = 77, .sector = 0});
    write_dictionary(two, {.seed = 9, .entry = 77, .sector = 0});
    CHECK(one == two);
    CHECK(holds_dictionary(one, {.seed = 9, .entry = 77, .sector = 0}));
    CHECK_FALSE(holds_dictionary(one, {.seed = 9, .entry = 78, .sector = 0}));
    CHECK_FALSE(holds_dictionary(one, {.seed = 8, .entry = 77, .sector = 0}));
    DictionarySector out;
    REQUIRE(read_dictionary(sector_of(one, 5), out));
    CHECK(out.entry == 77);
    CHECK(out.sector == 5);
    CHECK(out.seed == 9);
    one[5 * sector_bytes + 300] ^= std::byte{1};
    CHECK_FALSE(read_dictionary(sector_of(one, 5), out));
}

TEST_CASE("the bench knows its own marks and nobody else's", "[stamp]") {
    const auto stamp = stamped(1);
    CHECK(is_own_mark(sector_of(stamp, 0)));
    std::vector<std::byte> entry(sector_bytes);
    write_dictionary(entry, {.seed = 1, .entry = 3, .sector = 2});
    CHECK(is_own_mark(sector_of(entry, 0)));
    const std::vector<std::byte> zeros(sector_bytes);
    CHECK_FALSE(is_own_mark(sector_of(zeros, 0)));
    CHECK(is_zero(zeros));
    auto data = stamp;
    data[500] ^= std::byte{4};
    CHECK_FALSE(is_own_mark(sector_of(data, 0)));
}
