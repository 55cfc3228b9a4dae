// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/stamp.h"

#include "bench/integrity/sector_checksum.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace bench::integrity {

namespace {

static_assert(std::endian::native == std::endian::little, "stamps are little-endian words");

constexpr std::uint64_t magic = 0x31706D6174734261ULL; // "aBstamp1" as bytes
constexpr std::uint64_t version = 1;
constexpr std::uint64_t version_with_canary = 2;
constexpr std::size_t words = sector_bytes / 8;
constexpr std::size_t body_from = 6;
constexpr std::size_t body_words = words - body_from;
constexpr std::size_t canary_words = canary_token_bytes / 8;
constexpr std::size_t batch = 8; // Sectors stamped before their checksums are taken together.

using Words = std::array<std::uint64_t, words>;

// A bijection of 64 bits whose outputs look random (a 64-bit finaliser: shift, odd multiplier).
constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 32U)) * 0xD6E8FEB86659FD93ULL;
    return z ^ (z >> 32U);
}

constexpr std::uint64_t stride = 0x9E3779B97F4A7C15ULL;

std::uint64_t body_seed(const Stamp& stamp) noexcept {
    return mix(mix(mix(stamp.run) ^ stamp.address_bytes) ^ stamp.generation);
}

void fill_words(std::uint64_t* to, std::size_t count, std::uint64_t seed) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        seed += stride;
        to[i] = mix(seed);
    }
}

std::size_t random_words(std::uint8_t compressible_percent) noexcept {
    const std::size_t percent = std::min<std::size_t>(compressible_percent, 100);
    return body_words - body_words * percent / 100;
}

void fill_sector(Words& out, const Stamp& stamp) noexcept {
    out[0] = magic;
    out[1] = stamp.run;
    out[2] = stamp.address_bytes;
    out[3] = stamp.generation;
    out[4] = stamp.issued_ns;
    const std::size_t random = random_words(stamp.compressible_percent);
    const bool canary = stamp.canary != nullptr && random >= canary_words;
    out[checksum_word] = stamp.lane |
                         static_cast<std::uint64_t>(stamp.compressible_percent) << 16U |
                         (canary ? version_with_canary : version) << 24U;
    fill_words(out.data() + body_from, random, body_seed(stamp));
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(body_from + random), out.end(), 0);
    if (canary) {
        const CanaryToken token = stamp.canary->token(stamp.address_bytes);
        std::memcpy(out.data() + body_from, token.data(), token.size());
    }
}

std::span<const std::byte> bytes_of(const Words& sector) noexcept {
    return std::as_bytes(std::span(sector));
}

Words words_of(Sector sector) noexcept {
    Words out;
    std::memcpy(out.data(), sector.data(), sector_bytes);
    return out;
}

std::uint32_t checksum_of(std::span<const std::byte> sector) noexcept {
    std::array<std::uint32_t, 1> out{};
    sector_checksums(sector.first(sector_bytes), out);
    return out[0];
}

void seal(Words& sector) noexcept {
    sector[checksum_word] |= static_cast<std::uint64_t>(checksum_of(bytes_of(sector))) << 32U;
}

std::uint64_t load(const std::byte* from, std::size_t word) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, from + word * 8, sizeof value);
    return value;
}

bool fields_match(const std::byte* sector, const Stamp& stamp, std::uint32_t checksum) noexcept {
    return load(sector, 0) == magic && load(sector, 1) == stamp.run &&
           load(sector, 2) == stamp.address_bytes && load(sector, 3) == stamp.generation &&
           load(sector, checksum_word) >> 32U == checksum;
}

// Multiplicative inverse of an odd number modulo 2^64 (Newton: each step doubles the right bits).
constexpr std::uint64_t inverse(std::uint64_t odd) noexcept {
    std::uint64_t x = odd;
    for (int step = 0; step < 6; ++step) {
        x *= 2 - odd * x;
    }
    return x;
}

constexpr std::uint64_t unmix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 32U)) * inverse(0xD6E8FEB86659FD93ULL);
    return z ^ (z >> 32U);
}
static_assert(unmix(mix(0x0123456789ABCDEFULL)) == 0x0123456789ABCDEFULL);

// The checksum follows from fields that may themselves be the damaged ones: `but_checksum`.
Damage differences(const Words& right, const Words& have, bool but_checksum) noexcept {
    Damage out;
    for (std::size_t i = 0; i < sector_bytes; ++i) {
        const auto shift = static_cast<unsigned>(i % 8 * 8);
        const auto difference = static_cast<std::uint8_t>((right[i / 8] ^ have[i / 8]) >> shift);
        const bool is_checksum = i / 8 == checksum_word && i % 8 >= 4;
        if (difference == 0 || (is_checksum && but_checksum)) {
            continue;
        }
        out.first_byte = out.bits == 0 ? static_cast<std::uint32_t>(i) : out.first_byte;
        out.last_byte = static_cast<std::uint32_t>(i);
        out.bits += static_cast<std::uint32_t>(std::popcount(difference));
    }
    return out;
}

constexpr std::uint64_t dictionary_mark = 0xD1C7; // Upper 16 bits of the first word, unscrambled.

void fill_dictionary_sector(Words& out, const DictionarySector& which) noexcept {
    const std::uint64_t name = dictionary_mark << 48U |
                               static_cast<std::uint64_t>(which.entry) << 16U |
                               (which.sector & 0xFFFFU);
    out[0] = mix(name);
    out[1] = mix(which.seed ^ out[0]);
    fill_words(out.data() + 2, words - 2, mix(which.seed) ^ name);
}

} // namespace

void write_stamps(std::span<std::byte> data, const Stamp& first) noexcept {
    Stamp stamp = first;
    std::array<Words, batch> sectors;
    std::array<std::uint32_t, batch> sums{};
    while (data.size() >= sector_bytes) {
        const std::size_t count = std::min(batch, data.size() / sector_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            fill_sector(sectors[i], stamp);
            stamp.address_bytes += sector_bytes;
        }
        sector_checksums(std::as_bytes(std::span(sectors)), std::span(sums).first(count));
        for (std::size_t i = 0; i < count; ++i) {
            sectors[i][checksum_word] |= static_cast<std::uint64_t>(sums[i]) << 32U;
        }
        std::memcpy(data.data(), sectors.data(), count * sector_bytes);
        data = data.subspan(count * sector_bytes);
    }
}

bool holds_stamps(std::span<const std::byte> data, const Stamp& first) noexcept {
    Stamp stamp = first;
    std::array<std::uint32_t, batch> sums{};
    while (data.size() >= sector_bytes) {
        const std::size_t count = std::min(batch, data.size() / sector_bytes);
        sector_checksums(data, std::span(sums).first(count));
        for (std::size_t i = 0; i < count; ++i) {
            if (!fields_match(data.data() + i * sector_bytes, stamp, sums[i])) {
                return false;
            }
            stamp.address_bytes += sector_bytes;
        }
        data = data.subspan(count * sector_bytes);
    }
    return true;
}

bool read_damaged_stamp(Sector sector, Stamp& out) noexcept {
    const Words in = words_of(sector);
    out.run = in[1];
    out.address_bytes = in[2];
    out.generation = in[3];
    out.issued_ns = in[4];
    out.lane = static_cast<std::uint16_t>(in[checksum_word]);
    out.compressible_percent = static_cast<std::uint8_t>(in[checksum_word] >> 16U);
    return in[0] == magic;
}

bool read_stamp(Sector sector, Stamp& out) noexcept {
    return read_damaged_stamp(sector, out) &&
           load(sector.data(), checksum_word) >> 32U == checksum_of(sector);
}

bool is_zero(std::span<const std::byte> data) noexcept {
    return data.empty() || (data[0] == std::byte{0} &&
                            std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

Damage damage_of(Sector found, const Stamp& expected, bool issued_known) noexcept {
    Stamp own;
    read_damaged_stamp(found, own);
    Stamp truth = expected;
    if (!issued_known) {
        truth.issued_ns = own.issued_ns;
        truth.lane = own.lane;
    }
    Words right;
    const Words have = words_of(found);
    fill_sector(right, truth);
    if (truth.canary == nullptr && (have[checksum_word] >> 24U & 0xFFU) == version_with_canary) {
        // Without the key nobody can say what the token was: its bytes are taken as they stand.
        std::copy_n(have.begin() + body_from, canary_words, right.begin() + body_from);
        right[checksum_word] ^= (version ^ version_with_canary) << 24U;
    }
    seal(right);
    Damage out = differences(right, have, !issued_known);
    if (out.bits == 0 && right != have) { // Somewhere in issue time, lane or checksum.
        out = {1, 32, checksum_word * 8 + 7};
    }
    return out;
}

Damage damage_of(Sector found, const DictionarySector& expected) noexcept {
    Words right;
    fill_dictionary_sector(right, expected);
    return differences(right, words_of(found), false);
}

void write_dictionary(std::span<std::byte> data, DictionarySector first) noexcept {
    Words sector;
    for (; data.size() >= sector_bytes; data = data.subspan(sector_bytes), ++first.sector) {
        fill_dictionary_sector(sector, first);
        std::memcpy(data.data(), sector.data(), sector_bytes);
    }
}

bool holds_dictionary(std::span<const std::byte> data, DictionarySector first) noexcept {
    Words sector;
    for (; data.size() >= sector_bytes; data = data.subspan(sector_bytes), ++first.sector) {
        fill_dictionary_sector(sector, first);
        if (std::memcmp(data.data(), sector.data(), sector_bytes) != 0) {
            return false;
        }
    }
    return true;
}

bool read_dictionary(Sector sector, DictionarySector& out) noexcept {
    const Words in = words_of(sector);
    const std::uint64_t name = unmix(in[0]);
    out.entry = static_cast<std::uint32_t>(name >> 16U);
    out.sector = static_cast<std::uint32_t>(name & 0xFFFFU);
    out.seed = unmix(in[1]) ^ in[0];
    return name >> 48U == dictionary_mark && holds_dictionary(sector, out);
}

bool is_own_mark(Sector sector) noexcept {
    Stamp stamp;
    DictionarySector entry;
    return read_stamp(sector, stamp) || read_dictionary(sector, entry);
}

} // namespace bench::integrity
