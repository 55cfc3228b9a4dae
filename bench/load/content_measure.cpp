// SPDX-License-Identifier: Apache-2.0
#include "bench/load/content_measure.h"

#include "bench/integrity/stamp.h"
#include "bench/load/unstamped_content.h"

#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <lz4.h>
#include <vector>

namespace bench::load {

namespace {

constexpr int zstd_level = 3; // Its own usual one.
constexpr std::size_t small_window = 8U << 10U;
constexpr std::size_t large_window = 1U << 20U;

template <typename Packed>
double
saved(std::span<const std::byte> data, std::size_t window_bytes, const Packed& packed_bytes) {
    const auto whole = static_cast<double>(data.size());
    double left = 0;
    while (!data.empty()) {
        const auto block = data.first(std::min(window_bytes, data.size()));
        left += static_cast<double>(std::min(packed_bytes(block), block.size()));
        data = data.subspan(block.size());
    }
    return whole > 0 ? 1 - left / whole : 0;
}

} // namespace

double saved_by_lz4(std::span<const std::byte> data, std::size_t window_bytes) {
    std::vector<char> out(
        static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(window_bytes))));
    return saved(data, window_bytes, [&](std::span<const std::byte> block) {
        return static_cast<std::size_t>(
            LZ4_compress_default(reinterpret_cast<const char*>(block.data()),
                                 out.data(),
                                 static_cast<int>(block.size()),
                                 static_cast<int>(out.size())));
    });
}

double saved_by_zstd(std::span<const std::byte> data, std::size_t window_bytes) {
    std::vector<char> out(ZSTD_compressBound(window_bytes));
    return saved(data, window_bytes, [&](std::span<const std::byte> block) {
        return ZSTD_compress(out.data(), out.size(), block.data(), block.size(), zstd_level);
    });
}

std::string describe_content(const profiles::DataReduction& reduction, bool is_stamped) {
    std::vector<std::byte> data(large_window);
    if (is_stamped) {
        integrity::write_stamps(data,
                                {.run = 1,
                                 .generation = 1,
                                 .compressible_percent = static_cast<std::uint8_t>(
                                     std::lround(reduction.compressible_share * 100))});
    } else {
        UnstampedContent(reduction.compressible_share, 1).fill(data);
    }
    std::string out = fmt::format(
        "lz4 saves {:.0f} % of blocks of 8 KiB and {:.0f} % of 1 MiB, zstd {:.0f} % and {:.0f} %",
        100 * saved_by_lz4(data, small_window),
        100 * saved_by_lz4(data, large_window),
        100 * saved_by_zstd(data, small_window),
        100 * saved_by_zstd(data, large_window));
    if (reduction.duplicate_share > 0) {
        out += fmt::format("; {:.0f} % are duplicates", 100 * reduction.duplicate_share);
    }
    return out;
}

} // namespace bench::load
