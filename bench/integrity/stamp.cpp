// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/stamp.h"

#include "bench/integrity/sector_checksum.h"
#include "bench/integrity/stamp_layout.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace bench::integrity {

namespace {

static_assert(std::endian::native == std::endian::little, "stamps are little-endian words");

constexpr std::uint64_t magic = 0x31706D6174734261ULL; // "aBstamp1" as bytes
constexpr std::size_t words = sector_bytes / 8;
constexpr std::size_t body_from = stamp_header_bytes / 8;
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

// `bytes` of noise at `to`, then zeros to the sector's end.
void fill_noise(Words& out, std::size_t from, std::size_t bytes, std::uint64_t seed) noexcept {
    const std::size_t whole = bytes / 8;
    fill_words(out.data() + from, whole, seed);
    std::size_t at = from + whole;
    if (bytes % 8 != 0) {
        out[at++] = mix(seed + stride * (whole + 1)) >> (64 - bytes % 8 * 8);
    }
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(at), out.end(), 0);
}

constexpr std::uint64_t version_of(const StampLayout& layout) noexcept {
    return (layout.whitened ? 3U : 1U) + (layout.canary ? 1U : 0U);
}

using Header = std::array<std::uint64_t, body_from>;

// Over the header and back again. No rotation is one of whole bytes, and the checksum stays.
constexpr std::uint64_t whitened(std::uint64_t word, std::size_t index, std::uint64_t nonce) {
    const std::uint64_t over = std::rotl(nonce, static_cast<int>(5 + 11 * index));
    return word ^ (index == checksum_word ? over & 0xFFFFFFFFU : over);
}

void fill_sector(Words& out, const Stamp& stamp, const StampLayout& layout) noexcept {
    fill_noise(out, body_from, layout.body_bytes, body_seed(stamp));
    const std::uint64_t nonce = layout.whitened ? out[body_from] : 0;
    const Header header{magic,
                        stamp.run,
                        stamp.address_bytes,
                        stamp.generation,
                        stamp.issued_ns,
                        stamp.lane | static_cast<std::uint64_t>(stamp.compressible_percent) << 16U |
                            version_of(layout) << 24U};
    for (std::size_t i = 0; i < body_from; ++i) {
        out[i] = whitened(header[i], i, nonce);
    }
    if (layout.canary && stamp.canary != nullptr) {
        const CanaryToken token = stamp.canary->token(stamp.address_bytes);
        std::memcpy(out.data() + layout.canary_from(), token.data(), token.size());
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

// What the header was whitened with; 0 = it was not.
std::uint64_t nonce_of(const std::byte* sector) noexcept {
    return load(sector, 0) == magic ? 0 : load(sector, body_from);
}

bool fields_match(const std::byte* sector, const Stamp& stamp, std::uint32_t checksum) noexcept {
    const std::uint64_t nonce = nonce_of(sector);
    return load(sector, 0) == whitened(magic, 0, nonce) &&
           load(sector, 1) == whitened(stamp.run, 1, nonce) &&
           load(sector, 2) == whitened(stamp.address_bytes, 2, nonce) &&
           load(sector, 3) == whitened(stamp.generation, 3, nonce) &&
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

// The body's first word.
std::uint64_t nonce_from(const Stamp& stamp) noexcept {
    return mix(body_seed(stamp) + stride);
}

// Right as far as `layout` says so; what was not known of the write is taken as it stands.
Damage damage_in(const Words& have,
                 const Stamp& expected,
                 const StampLayout& layout,
                 bool issued_known) noexcept {
    const std::uint64_t nonce = layout.whitened ? nonce_from(expected) : 0;
    Stamp truth = expected;
    if (!issued_known) {
        truth.issued_ns = whitened(have[4], 4, nonce);
        truth.lane =
            static_cast<std::uint16_t>(whitened(have[checksum_word], checksum_word, nonce));
    }
    Words right;
    fill_sector(right, truth, layout);
    if (layout.canary && truth.canary == nullptr) {
        // Without the key nobody can say what the token was.
        const auto from = static_cast<std::ptrdiff_t>(layout.canary_from());
        std::copy_n(have.begin() + from, canary_words, right.begin() + from);
    }
    seal(right);
    Damage out = differences(right, have, !issued_known);
    if (out.bits == 0 && right != have) { // Somewhere in issue time, lane or checksum.
        out = {1, 32, checksum_word * 8 + 7};
    }
    return out;
}

Damage smaller(const Damage& one, const Damage& other) noexcept {
    return other.bits < one.bits ? other : one;
}

// Upper 16 bits of the first word, unscrambled; then share, entry and sector.
constexpr std::uint64_t dictionary_mark = 0xD1C7;
constexpr std::size_t dictionary_words = 2; // In front of the noise: the name, the seed.

void fill_dictionary_sector(Words& out, const DictionarySector& which) noexcept {
    const std::uint64_t name =
        dictionary_mark << 48U | static_cast<std::uint64_t>(which.compressible_percent) << 40U |
        static_cast<std::uint64_t>(which.entry) << 16U | (which.sector & 0xFFFFU);
    const std::size_t noise = noise_bytes(sector_bytes, which.compressible_percent / 100.0);
    out[0] = mix(name);
    out[1] = mix(which.seed ^ out[0]);
    fill_noise(out,
               dictionary_words,
               std::max(noise, dictionary_words * 8) - dictionary_words * 8,
               mix(which.seed) ^ name);
}

std::uint8_t share_said(std::uint64_t first_word) noexcept {
    return static_cast<std::uint8_t>(unmix(first_word) >> 40U);
}

} // namespace

void write_stamps(std::span<std::byte> data, const Stamp& first) noexcept {
    Stamp stamp = first;
    const StampLayout layout = stamp_layout(first.compressible_percent, first.canary != nullptr);
    std::array<Words, batch> sectors;
    std::array<std::uint32_t, batch> sums{};
    while (data.size() >= sector_bytes) {
        const std::size_t count = std::min(batch, data.size() / sector_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            fill_sector(sectors[i], stamp, layout);
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
    const std::uint64_t nonce = nonce_of(sector.data());
    Header in{};
    for (std::size_t i = 0; i < body_from; ++i) {
        in[i] = whitened(load(sector.data(), i), i, nonce);
    }
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
    const Words have = words_of(found);
    const std::uint8_t percent = expected.compressible_percent;
    const auto says = [&](const StampLayout& layout) {
        const std::uint64_t nonce = layout.whitened ? nonce_from(expected) : 0;
        return (whitened(have[checksum_word], checksum_word, nonce) >> 24U & 0xFFU) ==
               version_of(layout);
    };
    Damage out{.bits = ~0U};
    for (const auto layout_for : {stamp_layout, earlier_stamp_layout}) {
        const StampLayout with_token = layout_for(percent, true);
        const bool token = with_token.canary && (expected.canary != nullptr || says(with_token));
        out = smaller(out, damage_in(have, expected, layout_for(percent, token), issued_known));
    }
    return out;
}

Damage damage_of(Sector found, const DictionarySector& expected) noexcept {
    const Words have = words_of(found);
    Damage out{.bits = ~0U};
    for (const std::uint8_t percent : {expected.compressible_percent, share_said(have[0])}) {
        DictionarySector which = expected;
        which.compressible_percent = percent;
        Words right;
        fill_dictionary_sector(right, which);
        out = smaller(out, differences(right, have, false));
    }
    return out;
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
        first.compressible_percent = share_said(load(data.data(), 0));
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
    out.compressible_percent = share_said(in[0]);
    out.entry = static_cast<std::uint32_t>(name >> 16U & 0xFFFFFFU);
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
