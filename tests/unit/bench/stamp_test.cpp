// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/sector_checksum.h"
#include "bench/integrity/stamp.h"

#include <catch2/catch.hpp>

#include <array>
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

using Words = std::array<std::uint64_t, sector_bytes / 8>;

// The body's generator, written down once more: what an earlier run left must be read for ever.
std::uint64_t mixed_as_written(std::uint64_t z) {
    z = (z ^ (z >> 32U)) * 0xD6E8FEB86659FD93ULL;
    return z ^ (z >> 32U);
}

std::uint64_t mixed_as_written(const Stamp& stamp) {
    const std::uint64_t run = mixed_as_written(stamp.run);
    return mixed_as_written(mixed_as_written(run ^ stamp.address_bytes) ^ stamp.generation);
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

TEST_CASE("any flipped bit is located where half of the sector compresses, with a token or without",
          "[stamp]") {
    const CanaryPlanter planter(CanaryKey{}, {.lun = 1});
    for (const std::uint8_t percent : std::initializer_list<std::uint8_t>{0, 50, 90}) {
        for (const CanaryPlanter* token : {static_cast<const CanaryPlanter*>(nullptr), &planter}) {
            Stamp stamp = first;
            stamp.compressible_percent = percent;
            stamp.canary = token;
            const auto clean = stamped(1, stamp);
            REQUIRE(holds_stamps(clean, stamp));
            for (std::size_t bit = 0; bit < sector_bytes * 8; ++bit) {
                auto data = clean;
                data[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
                Stamp out;
                REQUIRE_FALSE(read_stamp(sector_of(data, 0), out));
                for (const bool issued_known : {true, false}) {
                    const Damage damage = damage_of(sector_of(data, 0), stamp, issued_known);
                    REQUIRE(damage.bits == 1);
                    REQUIRE((damage.first_byte == bit / 8 || !issued_known));
                }
            }
        }
    }
}

TEST_CASE("stamps of earlier versions are read, and their damage is found", "[stamp]") {
    // Version 1 as it was written, half of its body compressible: fields in the open.
    Words sector{0x31706D6174734261ULL, first.run, first.address_bytes, 42, 123456789};
    sector[5] = 3 | 50U << 16U | 1U << 24U;
    std::uint64_t seed = mixed_as_written(first);
    for (std::size_t i = 6; i < 6 + 29; ++i) {
        seed += 0x9E3779B97F4A7C15ULL;
        sector[i] = mixed_as_written(seed);
    }
    std::array<std::uint32_t, 1> sum{};
    sector_checksums(std::as_bytes(std::span(sector)), sum);
    sector[5] |= std::uint64_t{sum[0]} << 32U;
    Stamp stamp = first;
    stamp.compressible_percent = 50;
    const auto bytes = std::as_bytes(std::span(sector));
    Stamp out;
    REQUIRE(read_stamp(bytes.first<sector_bytes>(), out));
    CHECK(out.lane == 3);
    CHECK(out.generation == 42);
    CHECK(holds_stamps(bytes, stamp));
    CHECK(is_own_mark(bytes.first<sector_bytes>()));
    CHECK(damage_of(bytes.first<sector_bytes>(), stamp, true).bits == 0);
    sector[20] ^= 1ULL << 17U;
    const Damage damage = damage_of(bytes.first<sector_bytes>(), stamp, true);
    CHECK(damage.bits == 1);
    CHECK(damage.first_byte == 162);
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

TEST_CASE("a dictionary sector says itself how much of it compresses", "[stamp]") {
    std::vector<std::byte> full(sector_bytes);
    std::vector<std::byte> half(sector_bytes);
    write_dictionary(full, {.seed = 9, .entry = 77});
    write_dictionary(half, {.seed = 9, .entry = 77, .compressible_percent = 50});
    CHECK(full != half);
    for (const auto& data : {full, half}) { // Whoever asks: an earlier run's were all noise.
        CHECK(holds_dictionary(data, {.seed = 9, .entry = 77}));
        CHECK(holds_dictionary(data, {.seed = 9, .entry = 77, .compressible_percent = 50}));
        CHECK(damage_of(sector_of(data, 0),
                        DictionarySector{.seed = 9, .entry = 77, .compressible_percent = 50})
                  .bits == 0);
    }
    DictionarySector out;
    REQUIRE(read_dictionary(sector_of(half, 0), out));
    CHECK(out.entry == 77);
    CHECK(out.compressible_percent == 50);
    half[400] ^= std::byte{1}; // Among the zeros.
    CHECK_FALSE(holds_dictionary(half, {.seed = 9, .entry = 77}));
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
