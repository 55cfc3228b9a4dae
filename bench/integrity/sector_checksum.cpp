// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/sector_checksum.h"

#include <array>
#include <cstring>
#include <isa-l/crc.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench::integrity {

namespace {

constexpr std::size_t sector_size = 512;
constexpr std::size_t words = sector_size / 8;
constexpr std::uint64_t without_checksum = 0xFFFFFFFFULL;

std::uint64_t word_at(const std::byte* sector, std::size_t index) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, sector + index * 8, sizeof value);
    return value;
}

#if defined(__x86_64__)
// One CRC takes three cycles per word but a new one can start every cycle: `Ways` sectors at once.
template <std::size_t Ways>
[[gnu::target("sse4.2")]] void checksum_ways(const std::byte* data, std::uint32_t* out) noexcept {
    std::array<std::uint64_t, Ways> crc{};
    crc.fill(0xFFFFFFFFULL);
    for (std::size_t word = 0; word < words; ++word) {
        const std::uint64_t mask = word == checksum_word ? without_checksum : ~0ULL;
        for (std::size_t way = 0; way < Ways; ++way) {
            crc[way] = _mm_crc32_u64(crc[way], word_at(data + way * sector_size, word) & mask);
        }
    }
    for (std::size_t way = 0; way < Ways; ++way) {
        out[way] = static_cast<std::uint32_t>(crc[way]) ^ 0xFFFFFFFFU;
    }
}

bool has_crc_unit() noexcept {
    static const bool has = __builtin_cpu_supports("sse4.2") != 0;
    return has;
}
#endif

} // namespace

void sector_checksums_portable(std::span<const std::byte> data,
                               std::span<std::uint32_t> out) noexcept {
    std::array<unsigned char, sector_size> copy{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::memcpy(copy.data(), data.data() + i * sector_size, sector_size);
        std::memset(copy.data() + checksum_word * 8 + 4, 0, 4);
        out[i] = crc32_iscsi(copy.data(), static_cast<int>(sector_size), 0xFFFFFFFFU) ^ 0xFFFFFFFFU;
    }
}

void sector_checksums(std::span<const std::byte> data, std::span<std::uint32_t> out) noexcept {
#if defined(__x86_64__)
    if (has_crc_unit()) {
        std::size_t done = 0;
        for (; done + 4 <= out.size(); done += 4) {
            checksum_ways<4>(data.data() + done * sector_size, out.data() + done);
        }
        for (; done < out.size(); ++done) {
            checksum_ways<1>(data.data() + done * sector_size, out.data() + done);
        }
        return;
    }
#endif
    sector_checksums_portable(data, out);
}

} // namespace bench::integrity
