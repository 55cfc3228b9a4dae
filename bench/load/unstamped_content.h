// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bench::load {

// What is written without stamps: noise of which lz4 saves a given share, whatever the window, and
// no two sectors of which are alike. A sector is a row of one small table of noise, exclusive-ored
// with a number of 64 bits that no other sector is given: of two sectors from one row hardly ever
// (one pair in 2^29) are four neighbouring bytes the same, and a compressor finds nothing.
class UnstampedContent {
public:
    // Two contents of different seeds have nothing in common but their duplicates.
    UnstampedContent(double compressible_share, std::uint64_t seed) noexcept;

    // Whole sectors of 512 bytes, unlike all that went before.
    void fill(std::span<std::byte> data) noexcept;

    // Number `which` of the contents that are there to be repeated: the same for all seeds.
    void fill_duplicate(std::span<std::byte> data, std::uint64_t which) const noexcept;

    static constexpr std::size_t sector_bytes = 512;

private:
    static constexpr std::size_t rows = 8;
    static constexpr std::size_t words = sector_bytes / 8;
    struct Row {
        std::array<std::uint64_t, words> noise{};
        std::array<std::uint64_t, words> mask{}; // Of what is noise; the rest stays zero.
    };

    static void write(std::byte* to, const Row& row, std::uint64_t key) noexcept;
    static void write_wide(std::byte* to, const Row& row, std::uint64_t key) noexcept;
    void fill_from(std::span<std::byte> data, std::uint64_t number) const noexcept;

    alignas(64) std::array<Row, rows> rows_;
    std::uint64_t next_;
};

} // namespace bench::load
