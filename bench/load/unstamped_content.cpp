// SPDX-License-Identifier: Apache-2.0
#include "bench/load/unstamped_content.h"

#include "bench/integrity/stamp_layout.h"
#include "profiles/random.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench::load {

namespace {

constexpr std::uint64_t table_seed = 0xb0ffe75;
constexpr std::size_t key_bytes = 8; // The least that must be there for sectors to differ.
// Of all sectors with a key lz4 saves no more than 97 %: beyond, one in eight has one.
constexpr double share_of_sparse = 0.983;

bool has_wide_unit() noexcept {
#if defined(__x86_64__)
    static const bool has = __builtin_cpu_supports("avx2") != 0;
    return has;
#else
    return false;
#endif
}

} // namespace

UnstampedContent::UnstampedContent(double compressible_share, std::uint64_t seed) noexcept
    : next_(profiles::mixed(seed)) {
    profiles::Random random(table_seed);
    const std::size_t noise =
        std::max(integrity::noise_bytes(sector_bytes, compressible_share), key_bytes);
    const bool is_sparse = compressible_share > share_of_sparse;
    for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t own = is_sparse && i > 0 ? 0 : noise;
        for (std::size_t word = 0; word < words; ++word) {
            const std::size_t bytes = std::clamp(own, word * 8, word * 8 + 8) - word * 8;
            rows_[i].noise[word] = random.next();
            rows_[i].mask[word] = bytes == 0 ? 0 : ~0ULL >> (64 - bytes * 8);
        }
    }
}

void UnstampedContent::write(std::byte* to, const Row& row, std::uint64_t key) noexcept {
    for (std::size_t i = 0; i < words; ++i) {
        const std::uint64_t word = (row.noise[i] ^ key) & row.mask[i];
        std::memcpy(to + i * 8, &word, sizeof word);
    }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void
UnstampedContent::write_wide(std::byte* to, const Row& row, std::uint64_t key) noexcept {
    const auto* noise = reinterpret_cast<const __m256i*>(row.noise.data());
    const auto* mask = reinterpret_cast<const __m256i*>(row.mask.data());
    auto* out = reinterpret_cast<__m256i*>(to);
    const __m256i keys = _mm256_set1_epi64x(static_cast<long long>(key));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < sector_bytes / sizeof(__m256i); ++i) {
        const __m256i mixed = _mm256_xor_si256(_mm256_loadu_si256(noise + i), keys);
        _mm256_storeu_si256(out + i, _mm256_and_si256(mixed, _mm256_loadu_si256(mask + i)));
    }
}
#else
void UnstampedContent::write_wide(std::byte* to, const Row& row, std::uint64_t key) noexcept {
    write(to, row, key);
}
#endif

void UnstampedContent::fill_from(std::span<std::byte> data, std::uint64_t number) const noexcept {
    const auto write_sector = has_wide_unit() ? write_wide : write;
    std::size_t row = 0;
    for (std::size_t at = 0; at + sector_bytes <= data.size(); at += sector_bytes) {
        write_sector(data.data() + at, rows_[row], profiles::mixed(number++));
        row = (row + 1) % rows;
    }
}

void UnstampedContent::fill(std::span<std::byte> data) noexcept {
    fill_from(data, next_);
    next_ += data.size() / sector_bytes;
}

void UnstampedContent::fill_duplicate(std::span<std::byte> data,
                                      std::uint64_t which) const noexcept {
    fill_from(data, profiles::mixed(~which));
}

} // namespace bench::load
